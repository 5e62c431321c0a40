import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { type Cluster, ensureFlux, kubeconfigFor, repositoryRoot } from '../../src/dev/index.ts';
import { type AdmissionCluster, assertOk, installAdmission } from '../e2e/admission-cluster.ts';
import { type OperatorProcess, startOperatorProcess } from '../e2e/operator-process.ts';
import { until } from '../e2e/until.ts';
import { type ArtifactSource, SOURCE_API_VERSION, SOURCE_KIND, startArtifactSource } from './artifact-source.ts';
import { type Commit, createGitRepository } from './git-repository.ts';
import { type KustomizeController, SHARD_LABEL, startKustomizeController } from './kustomize-controller.ts';

/** Flux's service account: who an approval in Git comes from. */
export const FLUX_ACCOUNT = { namespace: 'flux-system', name: 'kustomize-controller' };
const FLUX_USER = {
  user: `system:serviceaccount:${FLUX_ACCOUNT.namespace}:${FLUX_ACCOUNT.name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${FLUX_ACCOUNT.namespace}`, 'system:authenticated'],
};

/** The operator and Flux in one namespace, and a Git repository that Flux applies there. */
export interface FluxScene extends AsyncDisposable {
  readonly cluster: AdmissionCluster;
  readonly operator: OperatorProcess;
  readonly flux: KustomizeController;
  /** Commits the files and has Flux see the commit. */
  push(message: string, files: Readonly<Record<string, string>>): Promise<Commit>;
  /** Applies the Kustomizations of a file of examples/gitops/flux, with intervals of seconds. */
  kustomize(example: string): Promise<void>;
  apply(object: Record<string, unknown>): Promise<void>;
  /** Has Flux reconcile a Kustomization so many times more. */
  untilReconciled(name: string, times: number): Promise<void>;
}

export async function prepareFluxScene(shared: Cluster): Promise<FluxScene> {
  await using undo = new AsyncDisposableStack();
  const { crds } = await ensureFlux();
  const cluster = await installAdmission(shared);
  const { namespace, admin } = cluster;
  for (const crd of crds) assertOk(await admin(['apply', '--server-side', '--filename', crd]));
  assertOk(await admin(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']));
  const apply = async (object: Record<string, unknown>, ...options: readonly string[]) => {
    assertOk(await admin(['apply', '--server-side', '--force-conflicts', ...options, '--filename', '-'], object));
  };
  const { namespace: own, name } = FLUX_ACCOUNT;
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: own } });
  await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }, '--namespace', own);
  const binding = `flux-${namespace}`;
  await apply(aFluxBinding(binding));
  const operator = undo.use(
    await startOperatorProcess(await kubeconfigFor(shared, operatorIdentity(DEFAULT_NAMESPACE)), {
      args: ['--namespaces', namespace],
    }),
  );
  const git = undo.use(await createGitRepository());
  const source: ArtifactSource = undo.use(await startArtifactSource('models', admin));
  const flux = undo.use(await startKustomizeController(await kubeconfigFor(shared, FLUX_USER), namespace));
  const parts = undo.move();
  return {
    cluster,
    operator,
    flux,
    apply: (object) => apply(object),
    async push(message, files) {
      const commit = await git.commit(message, files);
      await source.publish(commit);
      return commit;
    },
    async kustomize(example) {
      const text = await readFile(join(repositoryRoot, 'examples', 'gitops', 'flux', example), 'utf8');
      for (const document of parseAllDocuments(text))
        await apply(shorten(Kustomization.parse(document.toJS()), namespace));
    },
    async untilReconciled(kustomization, times) {
      const wanted = (flux.reconciled.get(kustomization) ?? 0) + times;
      await until(async () => (flux.reconciled.get(kustomization) ?? 0) >= wanted, true);
    },
    async [Symbol.asyncDispose]() {
      // Flux alone takes its finalizers off.
      await admin(['delete', 'kustomizations.kustomize.toolkit.fluxcd.io', '--all', '--timeout=30s']);
      await admin(['delete', 'clusterrolebinding', binding]);
      await parts.disposeAsync();
    },
  };
}

const Kustomization = z.looseObject({
  metadata: z.object({ name: z.string() }),
  spec: z.looseObject({ timeout: z.string().optional() }),
});

/** The same Kustomization for a test that has no ten minutes: in its namespace, from its source. */
function shorten({ metadata, spec, ...rest }: z.infer<typeof Kustomization>, namespace: string) {
  const intervals = { interval: '2s', retryInterval: '1s', ...(spec.timeout ? { timeout: '2s' } : {}) };
  const sourceRef = { apiVersion: SOURCE_API_VERSION, kind: SOURCE_KIND, name: 'models' };
  return {
    ...rest,
    metadata: { ...metadata, namespace, labels: { [SHARD_LABEL]: namespace } },
    spec: { ...spec, ...intervals, sourceRef, targetNamespace: namespace },
  };
}

/** As `flux install` gives it. */
function aFluxBinding(binding: string): Record<string, unknown> {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: binding },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...FLUX_ACCOUNT }],
  };
}
