import { type ExportReport, ModelVersion } from '../../api/index.ts';
import { type Cluster, KubeApiError, MODEL_VERSIONS, resourcePath } from '../../kube/index.ts';

type NewModelVersion = Pick<ModelVersion, 'apiVersion' | 'kind' | 'metadata' | 'spec'>;

const MERGE_PATCH = 'application/merge-patch+json';

/** What became of a create. */
type Created =
  | { readonly kind: 'created'; readonly version: ModelVersion }
  /** Made already, by an earlier try or by somebody. */
  | { readonly kind: 'exists' }
  /** Another model's version has the name. */
  | { readonly kind: 'taken' };

/** @throws KubeApiError */
export async function createModelVersion(cluster: Cluster, version: NewModelVersion): Promise<Created> {
  const { namespace, name } = version.metadata;
  try {
    const path = resourcePath(MODEL_VERSIONS, { namespace });
    return {
      kind: 'created',
      version: ModelVersion.parse(await cluster.request({ method: 'POST', path, body: version })),
    };
  } catch (error) {
    // 409 of a create says that the name is taken.
    if (!(error instanceof KubeApiError && error.code === 'conflict')) throw error;
  }
  const there = await cluster.request({ method: 'GET', path: resourcePath(MODEL_VERSIONS, { namespace, name }) });
  const found = ModelVersion.safeParse(there);
  const { model, version: number } = version.spec;
  const same = found.success && found.data.spec.model === model && found.data.spec.version === number;
  return { kind: same ? 'exists' : 'taken' };
}

/**
 * Changes what is given, and only if the object is still the one that the change was made from.
 *
 * @throws KubeApiError `conflict` where it is not
 */
export async function patchModelVersion(
  cluster: Cluster,
  { metadata }: Pick<ModelVersion, 'metadata'>,
  change: { readonly metadata?: object; readonly spec?: object },
): Promise<void> {
  const { namespace, name, uid, resourceVersion } = metadata;
  await cluster.request({
    method: 'PATCH',
    path: resourcePath(MODEL_VERSIONS, { namespace, name }),
    contentType: MERGE_PATCH,
    body: { ...change, metadata: { ...change.metadata, uid, resourceVersion } },
  });
}

/**
 * Notes what the registry shows. It touches nothing else of the status: whoever decides meanwhile is not disturbed.
 *
 * @throws KubeApiError
 */
export async function recordExport(
  cluster: Cluster,
  { metadata: { namespace, name, uid } }: Pick<ModelVersion, 'metadata'>,
  exported: ExportReport,
): Promise<void> {
  await cluster.request({
    method: 'PATCH',
    path: `${resourcePath(MODEL_VERSIONS, { namespace, name })}/status`,
    contentType: MERGE_PATCH,
    // The uid: an object of the same name that was made anew has been exported nowhere.
    body: { metadata: { uid }, status: { exported } },
  });
}
