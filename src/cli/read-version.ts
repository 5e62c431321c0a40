import { z } from 'zod';
import { nearNames } from '../api/index.ts';
import { type Cluster, KubeApiError, listPages, MODEL_VERSIONS, resourcePath } from '../kube/index.ts';
import { CliError } from './cli-error.ts';
import { parseVersion, type StoredVersion } from './stored-version.ts';
import type { VersionName } from './version-name.ts';

/**
 * @throws CliError where there is none of that name, with the names that may be meant
 * @throws KubeApiError
 */
export async function readVersion(cluster: Cluster, where: VersionName): Promise<StoredVersion> {
  return parseVersion(await readStored(cluster, where));
}

/**
 * @returns the object as stored
 * @throws CliError where there is none of that name, with the names that may be meant
 * @throws KubeApiError
 */
export async function readStored(cluster: Cluster, where: VersionName): Promise<unknown> {
  try {
    return await cluster.request({ method: 'GET', path: resourcePath(MODEL_VERSIONS, { ...where }) });
  } catch (error) {
    // Without words of its own the API server does not know the kind.
    if (!(error instanceof KubeApiError) || error.code !== 'not-found' || error.answer === undefined) throw error;
    throw new CliError(
      [`${where.name}: no such ModelVersion in namespace ${where.namespace}`, ...(await hint(cluster, where))],
      {
        cause: error,
      },
    );
  }
}

const Named = z.object({ metadata: z.object({ name: z.string(), namespace: z.string() }) });

async function hint(cluster: Cluster, { namespace, name }: VersionName): Promise<readonly string[]> {
  const here = await listNames(cluster, { namespace });
  const near = nearNames(
    name,
    here.map((version) => version.name),
  );
  if (near.length > 0) return [`did you mean ${near.join(', ')}?`];
  const elsewhere = (await listNames(cluster, { fieldSelector: `metadata.name=${name}` }))
    .map((version) => version.namespace)
    .toSorted();
  if (elsewhere.length > 0) return [`there is one in namespace ${elsewhere.join(', ')}: add -n ${elsewhere[0]}`];
  return [
    here.length > 0 ? 'see `assent list`' : `namespace ${namespace} holds no ModelVersions: give another with -n`,
  ];
}

/** A hint only: where names may not be listed there is none. */
async function listNames(
  cluster: Cluster,
  selection: { readonly namespace?: string; readonly fieldSelector?: string },
): Promise<readonly VersionName[]> {
  try {
    const pages = await Array.fromAsync(listPages(cluster, MODEL_VERSIONS, selection));
    return pages.flatMap(({ items }) => items.map((item) => Named.parse(item).metadata));
  } catch {
    return [];
  }
}
