import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  buildAdmissionManifests,
  buildRbacManifests,
  DEFAULT_NAMESPACE,
  operatorIdentity,
} from '../../src/admission/index.ts';
import {
  API_VERSION,
  type ApprovalRecord,
  buildCrds,
  GROUP,
  type Metadata,
  type ModelVersion,
} from '../../src/api/index.ts';
import { type Cluster, kubeconfigFor, type User } from '../../src/dev/index.ts';
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

export async function installAdmission(cluster: Cluster = sharedCluster()): Promise<AdmissionCluster> {
  const namespace = `admission-${randomBytes(4).toString('hex')}`;
  const run =
    (kubeconfig: string): Kubectl =>
    (args, stdin) =>
      execute(cluster.kubectl, ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args], stdin);
  const admin = run(cluster.kubeconfig);

  const apply = async (...items: readonly unknown[]) => {
    const args = ['--kubeconfig', cluster.kubeconfig, 'apply', '--server-side', '--force-conflicts', '--filename', '-'];
    assertOk(await execute(cluster.kubectl, args, { apiVersion: 'v1', kind: 'List', items }));
  };
  const aNamespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await apply(aNamespace(namespace), aNamespace(DEFAULT_NAMESPACE), ...buildCrds());
  await apply(...buildRbacManifests(), ...buildAdmissionManifests());
  assertOk(await admin(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']));

  const as: AdmissionCluster['as'] = async (user, ...clusterRoles) => {
    const kubectl = run(await kubeconfigFor(cluster, user));
    await Promise.all(
      clusterRoles.map((role) =>
        admin([
          'create',
          'rolebinding',
          `r${randomBytes(6).toString('hex')}`,
          '--clusterrole',
          role,
          '--user',
          user.user,
        ]),
      ),
    );
    return kubectl;
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
  const read = async (name: string): Promise<ModelVersion> =>
    JSON.parse(assertOk(await admin(['get', 'modelversion', name, '--output', 'json'])).stdout);
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

  const installed = { namespace, admin, operator, submitter, approver, as, submit, applyPolicy, read, record };
  await untilInForce(installed);
  return installed;
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

/** A new policy, and a new CRD even more so, takes a moment until admission knows of it. */
async function untilInForce({ admin, submitter, submit, read }: AdmissionCluster): Promise<void> {
  const name = await retried(submit);
  const dryRun = ['--dry-run=server'];
  const isInForce = async (): Promise<boolean> => {
    const answers = await Promise.all([
      submitter(['annotate', ...dryRun, 'modelversion', name, `${GROUP}/approve=x`]),
      admin([...patchStatus(name, { stage: 'None' }), ...dryRun]),
      admin(['create', ...dryRun, '--filename', '-'], aVersion({ name: 'x' }, { approvers: 'bob' })),
    ]);
    const stamped = (await read(await retried(submit))).metadata.annotations?.[`${GROUP}/submitted-by`];
    return answers.every(({ ok }) => !ok) && stamped !== undefined;
  };
  while (!(await isInForce())) await sleep(200);
}

/** The API server serves a CRD's kind a moment after it says so. */
async function retried<Value>(attempt: () => Promise<Value>): Promise<Value> {
  for (let left = 100; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(200);
    }
  }
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
