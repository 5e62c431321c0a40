import { setTimeout as sleep } from 'node:timers/promises';
import { TRY_AGAIN } from '../admission/index.ts';
import { API_VERSION, type ModelVersionSpec, modelVersionName, type Stage } from '../api/index.ts';
import { digestOf } from '../decision/index.ts';
import { type Cluster, createBackoff, KubeApiError, MODEL_VERSIONS, readObject, resourcePath } from '../kube/index.ts';
import { digestContent, GatedVersion, generationOf } from './gated-version.ts';
import type { GateQuestion } from './judge-gate.ts';

/** What a pipeline wants to know of the version that it made. */
export interface GateRequest {
  readonly namespace: string;
  /** Of the ModelVersion; made of model and version where nobody gives one. */
  readonly name?: string | undefined;
  readonly model: string;
  readonly version: string;
  readonly stage: Stage;
  /** Added to those that the version names already. */
  readonly approvers: readonly string[];
  /** What the pipeline says of the version, added to what it says of itself. */
  readonly claims: GateClaims;
}

/** Of the artifact a part may be known already, so either field may stand alone here. */
export interface GateClaims extends Pick<ModelVersionSpec, 'metrics' | 'parameters' | 'source'> {
  readonly artifact?: { readonly uri?: string | undefined; readonly digest?: string | undefined } | undefined;
}

/** The version of that name is another model's: nothing was changed. */
export class OtherVersionError extends Error {
  override readonly name = 'OtherVersionError';
}

/**
 * Creates the ModelVersion, or finds it and asks it for the stage. One that asks for all of it already is not touched,
 * so that a pipeline that runs again finds the decision that was made.
 *
 * @throws OtherVersionError, KubeApiError
 */
export async function askForStage(
  cluster: Cluster,
  request: GateRequest,
  signal: AbortSignal,
): Promise<{ readonly question: GateQuestion; readonly version: GatedVersion }> {
  const { namespace, approvers } = request;
  const name = request.name ?? modelVersionName(request.model, request.version);
  const backoff = createBackoff({ baseMs: 200, maxMs: 2_000 });
  for (;;) {
    try {
      const version = await askOnce(cluster, request, name);
      const question = {
        namespace,
        name,
        approvers,
        uid: version.metadata.uid ?? '',
        generation: generationOf(version),
        contentDigest: digestContent(version),
      };
      return { question, version };
    } catch (error) {
      // Somebody wrote at the same moment, or a decision must be recorded first.
      const passes =
        error instanceof KubeApiError && (error.code === 'conflict' || (error.answer ?? '').includes(TRY_AGAIN));
      if (!passes) throw error;
      await sleep(backoff.nextMs(), undefined, { signal });
    }
  }
}

async function askOnce(cluster: Cluster, request: GateRequest, name: string): Promise<GatedVersion> {
  const { namespace, model, version } = request;
  const there = await readObject(cluster, resourcePath(MODEL_VERSIONS, { namespace, name }));
  if (!there) {
    const created = await cluster.request({
      method: 'POST',
      path: resourcePath(MODEL_VERSIONS, { namespace }),
      body: {
        apiVersion: API_VERSION,
        kind: MODEL_VERSIONS.kind,
        metadata: { name, namespace },
        spec: nextSpec({ model, version, stage: 'None' }, request),
      },
    });
    return GatedVersion.parse(created);
  }
  const found = GatedVersion.parse(there);
  const { metadata, spec } = found;
  if (spec.model !== model || spec.version !== version)
    throw new OtherVersionError(
      `${name} in namespace ${namespace} is version ${spec.version} of ${spec.model}, and not version ${version} of ${model}: give another name with --name`,
    );
  const next = nextSpec(spec, request);
  if (digestOf(next) === digestOf(spec)) return found;
  const { uid, resourceVersion } = metadata;
  const patched = await cluster.request({
    method: 'PATCH',
    path: resourcePath(MODEL_VERSIONS, { namespace, name }),
    contentType: 'application/merge-patch+json',
    // The API server answers 409 where these are others.
    body: { metadata: { uid, resourceVersion }, spec: next },
  });
  return GatedVersion.parse(patched);
}

/** More approvers, never fewer; and of each group of claims, those that are given replace those of the same name. */
function nextSpec(spec: GatedVersion['spec'], { stage, approvers, claims }: GateRequest): Record<string, unknown> {
  const all = [...new Set([...(spec.approvers ?? []), ...approvers])];
  const merged = Object.entries(claims).map(([field, given]) => [field, { ...Object(spec[field]), ...given }]);
  return { ...spec, stage, ...(all.length > 0 ? { approvers: all } : {}), ...Object.fromEntries(merged) };
}
