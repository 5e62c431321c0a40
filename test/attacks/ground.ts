import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION, type ApprovalPolicySpec, GROUP, type ModelVersion, VERSION } from '../../src/api/index.ts';
import { install, kubeconfigFor, type Cluster as Target, type User } from '../../src/dev/index.ts';
import { applyManifest, type Cluster, loadCluster } from '../../src/kube/index.ts';
import { bindRole } from '../e2e/bind-role.ts';
import { expectReplays } from '../e2e/expect-replays.ts';
import { type OperatorProcess, startOperatorProcess } from '../e2e/operator-process.ts';
import { renderBearerKubeconfig } from './bearer-kubeconfig.ts';
import { createPerson, type Draft, type Person, versionIn } from './person.ts';

const OPERATOR = { namespace: DEFAULT_NAMESPACE, name: 'assent-operator' };

/** A policy of one module. */
interface PolicyDraft extends Partial<Omit<ApprovalPolicySpec, 'modules'>> {
  readonly rego: string;
}

/** A namespace of its own on a cluster where everything is installed and in force: here attacks are tried. */
export interface Ground extends AsyncDisposable {
  readonly namespace: string;
  readonly admin: Person;
  /** @param clusterRoles what the user holds in the namespace */
  person(user: User, ...clusterRoles: readonly string[]): Promise<Person>;
  /** A service account of the namespace, with a token as a pod has one. */
  serviceAccount(name: string, ...clusterRoles: readonly string[]): Promise<Person>;
  /** Whoever holds a token of the operator's. */
  operatorThief(): Promise<Person>;
  /** Whoever holds the token; without one, somebody whom the API server cannot name. */
  bearer(token?: string): Promise<Person>;
  /** Runs kubectl as the user. @returns what it says, whether it succeeds or not */
  kubectl(user: User, ...args: readonly string[]): Promise<string>;
  /** Applies an object as an administrator. */
  apply(manifest: Record<string, unknown>): Promise<void>;
  /** The platform's policy for the versions of this namespace. */
  applyPlatformPolicy(name: string, policy: PolicyDraft): Promise<void>;
  startOperator(): Promise<OperatorProcess>;
  /** @returns the new version's name */
  submit(by: Person, draft?: Draft): Promise<string>;
  read(name: string): Promise<ModelVersion>;
}

/** @param installed whether everything is in force already, and only a namespace more is wanted */
export async function prepareGround(target: Target, { installed = false } = {}): Promise<Ground> {
  const owned = new AsyncDisposableStack();
  const namespace = `attacks-${randomBytes(4).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'assent-attacks-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  const cluster = owned.use(loadCluster({ kubeconfig: target.kubeconfig }));
  if (!installed) await install(cluster);
  const apply: Ground['apply'] = async (manifest) => void (await applyManifest(cluster, manifest, 'test'));
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });

  const admin = createPerson('admin', cluster, namespace);
  const openPerson = (user: string, kubeconfig: string): Person =>
    createPerson(user, owned.use(loadCluster({ kubeconfig })), namespace);
  const bind = (user: string, roles: readonly string[]): Promise<unknown> =>
    Promise.all(roles.map((role) => bindRole(cluster, namespace, role, user)));
  const openBearer = async (user: string, token?: string): Promise<Person> => {
    const kubeconfig = join(folder, `${randomBytes(4).toString('hex')}.yaml`);
    await writeFile(kubeconfig, await renderBearerKubeconfig(target, token), { mode: 0o600 });
    return openPerson(user, kubeconfig);
  };

  return {
    namespace,
    admin,
    apply,
    async person(user, ...clusterRoles) {
      await bind(user.user, clusterRoles);
      return openPerson(user.user, await kubeconfigFor(target, user));
    },
    async serviceAccount(name, ...clusterRoles) {
      const user = `system:serviceaccount:${namespace}:${name}`;
      await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
      await bind(user, clusterRoles);
      return openBearer(user, await requestToken(cluster, namespace, name));
    },
    async operatorThief() {
      await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: OPERATOR });
      return openBearer('thief', await requestToken(cluster, OPERATOR.namespace, OPERATOR.name));
    },
    bearer: (token) => openBearer('bearer', token),
    async kubectl(user, ...args) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const connection = ['--kubeconfig', await kubeconfigFor(target, user), '--namespace', namespace];
      execFile(target.kubectl, [...connection, ...args], (_, stdout, stderr) => resolve(`${stdout}${stderr}`));
      return promise;
    },
    async applyPlatformPolicy(name, { rego, match, ...spec }) {
      const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
      const metadata = { name: `${namespace}-${name}` };
      const modules = { 'approval.rego': rego };
      await apply({
        apiVersion: API_VERSION,
        kind: 'ClusterApprovalPolicy',
        metadata,
        spec: { modules, match: { ...match, namespaceSelector }, ...spec },
      });
    },
    async startOperator() {
      const kubeconfig = await kubeconfigFor(target, operatorIdentity(DEFAULT_NAMESPACE));
      const operator = owned.use(await startOperatorProcess(kubeconfig, { args: ['--namespaces', namespace] }));
      // Whatever was tried, every decision on the way must replay.
      owned.defer(async () => {
        await expectReplays(operator.log);
      });
      return operator;
    },
    async submit(by, { metadata, spec, ...rest } = {}) {
      const name = `mv-${randomBytes(4).toString('hex')}`;
      const answer = await by.create({ ...rest, metadata: { name, ...metadata }, spec: { model: name, ...spec } });
      return versionIn(answer).metadata.name;
    },
    async read(name) {
      const path = `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/modelversions/${name}`;
      return versionIn(await admin.send({ method: 'GET', path }));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const TokenRequest = z.object({ status: z.object({ token: z.string() }) });

/** @returns a token of the service account, as a pod gets one */
async function requestToken(cluster: Cluster, namespace: string, serviceAccount: string): Promise<string> {
  const answer = await cluster.request({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  return TokenRequest.parse(answer).status.token;
}
