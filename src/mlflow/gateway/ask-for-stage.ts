import {
  ANNOTATIONS,
  isServedStage,
  type ModelRegistry,
  ModelVersion,
  modelVersionName,
  type Stage,
} from '../../api/index.ts';
import { type Cluster, KubeApiError, MODEL_VERSIONS, resourcePath } from '../../kube/index.ts';
import type { RegisteredVersion } from '../client/index.ts';
import { buildModelVersion, createModelVersion, patchModelVersion, type VersionFacts } from '../sync/index.ts';
import { MlflowRefusal } from './mlflow-refusal.ts';

export interface StageRequest {
  readonly namespace: string;
  readonly registered: RegisteredVersion;
  readonly stage: Stage;
  readonly archiveExisting: boolean;
  /** As MLflow knows the caller; null where it knows nobody. */
  readonly user: string | null;
  /** The ModelRegistry that the version is of; null where none of the namespace is. */
  readonly registry: ModelRegistry | null;
  /** What the run says, with the caller's own rights. */
  readonly readFacts: () => Promise<VersionFacts>;
}

const TRIES = 8;

/**
 * Has a ModelVersion ask for the stage. Where it asks already nothing is written, so that what was approved stays approved.
 *
 * @returns the object that asks, whose generation is the one to wait for
 * @throws KubeApiError, MlflowRefusal
 */
export async function askForStage(cluster: Cluster, request: StageRequest): Promise<ModelVersion> {
  for (let left = TRIES; ; left--) {
    try {
      const found = await findModelVersion(cluster, request.namespace, request.registered);
      if (!found) await create(cluster, request);
      else if (asks(found, request)) return found;
      else await ask(cluster, found, request);
    } catch (error) {
      if (!(error instanceof KubeApiError && error.code === 'conflict') || left <= 0) throw error;
    }
    if (left <= 0) throw new MlflowRefusal('TEMPORARILY_UNAVAILABLE', 'somebody else changes this version: try again');
  }
}

/** @returns null where there is none yet @throws KubeApiError, MlflowRefusal where another version has its name */
export async function findModelVersion(
  cluster: Cluster,
  namespace: string,
  { model, version }: Pick<RegisteredVersion, 'model' | 'version'>,
): Promise<ModelVersion | null> {
  const name = modelVersionName(model, version);
  let answer: unknown;
  try {
    answer = await cluster.request({ method: 'GET', path: resourcePath(MODEL_VERSIONS, { namespace, name }) });
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 'not-found') return null;
    throw error;
  }
  const found = ModelVersion.safeParse(answer);
  if (!found.success)
    throw new MlflowRefusal(
      'INTERNAL_ERROR',
      `ModelVersion ${name} is not as this gateway knows it: update the gateway`,
    );
  if (found.data.spec.model === model && found.data.spec.version === version) return found.data;
  throw new MlflowRefusal(
    'RESOURCE_CONFLICT',
    `ModelVersion ${name} in namespace ${namespace} is of version ${found.data.spec.version} of ${found.data.spec.model}: rename that one`,
  );
}

/** An approved version that was moved on since asks anew: the stage that it has is not the one it asked for then. */
function asks({ spec, status, metadata }: ModelVersion, { stage, archiveExisting }: StageRequest): boolean {
  const decision = status?.decision;
  const movedOn =
    decision?.generation === metadata.generation && decision?.outcome === 'Approved' && status?.stage !== spec.stage;
  return (
    spec.stage === stage && (spec.archiveExistingVersions ?? false) === archives(stage, archiveExisting) && !movedOn
  );
}

async function ask(cluster: Cluster, found: ModelVersion, request: StageRequest): Promise<void> {
  const { stage, archiveExisting, user } = request;
  const repeats =
    found.spec.stage === stage && (found.spec.archiveExistingVersions ?? false) === archives(stage, archiveExisting);
  // Only a change of the spec makes a generation, which is what a decision is about.
  const asked = repeats ? (found.status?.stage ?? 'None') : stage;
  await patchModelVersion(cluster, found, {
    metadata: { annotations: { [ANNOTATIONS.onBehalfOf]: user } },
    spec: { stage: asked, archiveExistingVersions: archives(stage, archiveExisting) || null },
  });
}

async function create(cluster: Cluster, request: StageRequest): Promise<void> {
  const { namespace, registered, stage, archiveExisting, user, registry } = request;
  const facts = await request.readFacts();
  const imported = { namespace, registry: registry?.metadata.name ?? null, spec: registry?.spec ?? {} };
  const built = buildModelVersion(facts, imported);
  const created = await createModelVersion(cluster, {
    ...built,
    metadata: {
      ...built.metadata,
      annotations: { ...built.metadata.annotations, ...(user === null ? {} : { [ANNOTATIONS.onBehalfOf]: user }) },
    },
    spec: {
      ...built.spec,
      stage,
      ...(archives(stage, archiveExisting) ? { archiveExistingVersions: true } : {}),
    },
  });
  if (created.kind === 'taken') await findModelVersion(cluster, namespace, registered);
}

/** MLflow archives others only for a version that comes to be served. */
function archives(stage: Stage, archiveExisting: boolean): boolean {
  return archiveExisting && isServedStage(stage);
}
