import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import {
  API_VERSION,
  type ApprovalRecord,
  GROUP,
  type Metadata,
  type ModelVersion,
  VERSION,
} from '../../src/api/index.ts';
import { install, kubeconfigFor, type Cluster as Target, type User } from '../../src/dev/index.ts';
import { applyManifest, loadCluster, readObject } from '../../src/kube/index.ts';
import { bindRole } from './bind-role.ts';
import { sharedCluster } from './shared-cluster.ts';

export interface Answer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** One user's kubectl. */
export type Kubectl = (args: readonly string[], stdin?: unknown) => Promise<Answer>;

/** A namespace of its own on the cluster, with the CRDs, the admission policies and RBAC installed and in force. */
export interface AdmissionCluster {
  readonly namespace: string;
  readonly admin: Kubectl;
  /** The user that may write a status. */
  readonly operator: Kubectl;
  /** May submit versions, and not approve them. */
  readonly submitter: Kubectl;
  /** May approve versions, and not create them. */
  readonly approver: Kubectl;
  as(user: User, ...clusterRoles: readonly string[]): Promise<Kubectl>;
  /** Creates a version, by default as the submitter. */
  submit(metadata?: Partial<Metadata>, by?: Kubectl): Promise<string>;
  /** As an administrator; `spec` is added to the policy's. */
  applyPolicy(name: string, rego: string, spec?: Record<string, unknown>): Promise<void>;
  read(name: string): Promise<ModelVersion>;
  /** As an administrator. @returns an object of ours; undefined where there is none of that name */
  find<Kind>(plural: string, name: string): Promise<Kind | undefined>;
  /** What the operator does with a decision. */
  record(name: string, changes?: Partial<ApprovalRecord>): Promise<Answer>;
}

export const SUBMITTER: User = { user: 'sam', groups: ['data-science'] };
export const APPROVER: User = { user: 'alice', groups: ['ml-leads', 'risk'] };

/** @returns a ModelVersion to send; `metadata` and `spec` are added to it. */
export function aVersion(metadata: Partial<Metadata>, spec: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata,
    spec: { model: 'fraud', version: '1', stage: 'Production', metrics: { accuracy: 0.93 }, ...spec },
  };
}

/** @returns a team's policy to send, of one module. */
export const aPolicy = (name: string, rego: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: API_VERSION,
  kind: 'ApprovalPolicy',
  metadata: { name },
  spec: { modules: { [`${name}.rego`]: rego }, ...spec },
});

export async function installAdmission(target: Target = sharedCluster()): Promise<AdmissionCluster> {
  const namespace = `admission-${randomBytes(4).toString('hex')}`;
  const run =
    (kubeconfig: string): Kubectl =>
    (args, stdin) =>
      execute(target.kubectl, ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args], stdin);
  const admin = run(target.kubeconfig);

  // What no test is about is done without kubectl: a program that starts costs a hundred times what its request does.
  const cluster = loadCluster({ kubeconfig: target.kubeconfig });
  await install(cluster);
  await applyManifest(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, 'test');

  const as: AdmissionCluster['as'] = async (user, ...clusterRoles) => {
    const kubeconfig = await kubeconfigFor(target, user);
    await Promise.all(clusterRoles.map((role) => bindRole(cluster, namespace, role, user.user)));
    return run(kubeconfig);
  };
  const [operator, submitter, approver] = await Promise.all([
    as(operatorIdentity(DEFAULT_NAMESPACE)),
    as(SUBMITTER, 'assent-submitter'),
    as(APPROVER, 'assent-approver'),
  ]);

  const submit: AdmissionCluster['submit'] = async (metadata = {}, by = submitter) => {
    const name = `mv-${randomBytes(4).toString('hex')}`;
    assertOk(await by(['create', '--filename', '-'], aVersion({ name, ...metadata })));
    return name;
  };
  const applyPolicy: AdmissionCluster['applyPolicy'] = async (name, rego, spec) =>
    void assertOk(await admin(['apply', '--filename', '-'], aPolicy(name, rego, spec)));
  const pathOf = (plural: string, name: string) =>
    `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${plural}/${name}`;
  const find: AdmissionCluster['find'] = async (plural, name) => {
    const object = await readObject(cluster, pathOf(plural, name));
    // As kubectl shows it.
    return object === null
      ? undefined
      : JSON.parse(JSON.stringify(object, (key, value) => (key === 'managedFields' ? undefined : value)));
  };
  const read: AdmissionCluster['read'] = async (name) => {
    const version = await find<ModelVersion>('modelversions', name);
    if (!version) throw new Error(`there is no ModelVersion ${name}`);
    return version;
  };
  const record: AdmissionCluster['record'] = async (name, changes) => {
    const { metadata, status } = await read(name);
    const stamp = metadata.annotations?.[`${GROUP}/decided-by`] ?? '';
    const { user, groups, generation, verdict } = JSON.parse(stamp);
    const entry = {
      ...{ verdict, user, groups, generation, stamp, uid: metadata.uid, specDigest: '', at: new Date().toISOString() },
      ...{ verified: true, counted: true, reason: metadata.annotations?.[`${GROUP}/${verdict}`], ...changes },
    };
    return operator(patchStatus(name, { approvals: [...(status?.approvals ?? []), entry] }));
  };

  return { namespace, admin, operator, submitter, approver, as, submit, applyPolicy, read, find, record };
}

/** The arguments that patch a version's status. */
export function patchStatus(name: string, status: Record<string, unknown>, metadata = {}): readonly string[] {
  return [...patch(name, { metadata, status }), '--subresource', 'status'];
}

/** The arguments that patch a version. */
export function patch(name: string, body: Record<string, unknown>): readonly string[] {
  return ['patch', 'modelversion', name, '--type', 'merge', '--patch', JSON.stringify(body)];
}

/** @returns the answer, where it is a success. */
export function assertOk(answer: Answer): Answer {
  if (!answer.ok) throw new Error(answer.stderr);
  return answer;
}

function execute(program: string, args: readonly string[], stdin?: unknown): Promise<Answer> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, stderr }),
    );
    // A program that has ended already reads nothing more; how it ended is the answer.
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin === undefined ? '' : JSON.stringify(stdin));
  });
}
