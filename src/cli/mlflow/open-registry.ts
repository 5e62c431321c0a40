import { listProblems, ModelRegistry, renderProblem } from '../../api/index.ts';
import { readConfig } from '../../config/index.ts';
import { type Credentials, readCredentials, trustEveryAddress } from '../../distribution/index.ts';
import { type Cluster, KubeApiError, listPages, MODEL_VERSIONS, readSecret, resourcePath } from '../../kube/index.ts';
import {
  createMlflowClient,
  createVersionIndex,
  type MlflowClient,
  MODEL_REGISTRIES,
  type StoredVersions,
  type VersionIndex,
} from '../../mlflow/index.ts';
import { createVersionCollection } from '../../operator/index.ts';
import { CliError } from '../cli-error.ts';
import type { NamespaceOptions } from '../cluster-options.ts';

/** A registry as a person at their own machine sees it, with their own rights on both sides. */
export interface OpenRegistry {
  readonly registry: ModelRegistry;
  readonly client: MlflowClient;
  /** The versions that name it. */
  readonly versions: StoredVersions;
  readonly index: VersionIndex;
}

/** @throws CliError, KubeApiError */
export async function openRegistry(cluster: Cluster, name: string, options: NamespaceOptions): Promise<OpenRegistry> {
  const registry = await readRegistry(cluster, name, options);
  const { namespace = '' } = registry.metadata;
  const collection = createVersionCollection();
  const index = createVersionIndex();
  for await (const { items } of listPages(cluster, MODEL_VERSIONS, { namespace }))
    for (const item of items) {
      const found = 'metadata' in item && Object(item.metadata).name;
      const key = `${namespace}/${found}`;
      collection.add(key, item);
      const summary = collection.versions.summary(key);
      if (summary?.registry === name) index.observe(key, summary);
    }
  return { registry, client: await openClient(cluster, registry), versions: collection.versions, index };
}

/** @throws CliError, KubeApiError */
export async function readRegistry(cluster: Cluster, name: string, options: NamespaceOptions): Promise<ModelRegistry> {
  const namespace = options.namespace ?? cluster.namespace;
  const path = resourcePath(MODEL_REGISTRIES, { namespace, name });
  const parsed = ModelRegistry.safeParse(await cluster.request({ method: 'GET', path }));
  if (parsed.success) return parsed.data;
  throw new CliError(listProblems(parsed.error).map((problem) => `${name}: ${renderProblem(problem)}`));
}

async function openClient(cluster: Cluster, { metadata, spec }: ModelRegistry): Promise<MlflowClient> {
  const url = URL.parse(spec.mlflow.url);
  if (!url) throw new CliError([`mlflow.url is ${spec.mlflow.url}; an address reads https://HOST[:PORT][/PREFIX]`]);
  const secret = await readLogin(cluster, metadata.namespace ?? '', spec.mlflow.auth?.secretRef.name);
  const own = readConfig(process.env).mlflowCredentials;
  const name = `Secret ${spec.mlflow.auth?.secretRef.name}`;
  const credentials: Credentials | undefined =
    own ?? (secret ? readCredentials(secret, { name, host: url.host }) : undefined);
  const caBundle = spec.mlflow.caBundle ?? secret?.['ca.crt'];
  return createMlflowClient({ url, credentials, caBundle, guard: trustEveryAddress(true) });
}

/** @returns null where there is none, or it is not this person's to read: they have MLflow's own variables */
async function readLogin(cluster: Cluster, namespace: string, name: string | undefined) {
  if (name === undefined) return null;
  try {
    return await readSecret(cluster, { namespace, name });
  } catch (error) {
    if (error instanceof KubeApiError && (error.code === 'forbidden' || error.code === 'not-found')) return null;
    throw error;
  }
}
