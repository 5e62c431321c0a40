import { type ModelRegistry, ModelVersion, REGISTRY_TAGS } from '../../api/index.ts';
import { renderCanonicalJson } from '../../decision/index.ts';
import type { Cluster } from '../../kube/index.ts';
import type { RegisteredVersion } from '../client/index.ts';
import type { Clock } from '../ports.ts';
import { askedStage, buildClaims, buildModelVersion } from './build-model-version.ts';
import type { VersionFacts } from './read-facts.ts';
import { ASKED_ANNOTATION, REGISTRY_LABEL } from './registry-annotations.ts';
import { createModelVersion, patchModelVersion, recordExport } from './write-version.ts';

interface ImportPorts {
  readonly cluster: Cluster;
  readonly clock: Clock;
}

type Into = Pick<ModelRegistry, 'metadata' | 'spec'>;

type Imported = Awaited<ReturnType<typeof createModelVersion>>['kind'];

/**
 * Makes the ModelVersion of a registered version. The stage that the registry shows already is noted as found: from then
 * on a move of it is somebody's doing.
 *
 * @throws KubeApiError
 */
export async function importVersion(
  facts: VersionFacts,
  { metadata, spec }: Into,
  ports: ImportPorts,
): Promise<Imported> {
  const { name: registry, namespace = '' } = metadata;
  const created = await createModelVersion(ports.cluster, buildModelVersion(facts, { namespace, registry, spec }));
  if (created.kind === 'created') await noteFound(created.version, facts.registered, registry, ports);
  return created.kind;
}

/** Notes the stage in which a version was found, before anything was decided about it. */
export async function noteFound(
  version: ModelVersion,
  registered: RegisteredVersion,
  registry: string,
  { cluster, clock }: ImportPorts,
): Promise<void> {
  const { stage } = registered;
  const found = ModelVersion.shape.spec.shape.stage.safeParse(stage);
  await recordExport(cluster, version, {
    registry,
    decisionId: '',
    stage: found.success ? found.data : 'None',
    at: clock(),
  });
}

/**
 * Follows the registry with what was imported: a stage that is newly asked for by tag, and, as long as nothing is decided,
 * what the run says by now.
 *
 * @throws KubeApiError
 */
export async function followRegistry(
  stored: ModelVersion,
  {
    registered,
    facts,
    settled,
  }: { readonly registered: RegisteredVersion; readonly facts: VersionFacts | null; readonly settled: boolean },
  registry: string,
  { cluster }: ImportPorts,
): Promise<boolean> {
  const { metadata, spec } = stored;
  if (metadata.labels?.[REGISTRY_LABEL] !== registry) return false;
  const tag = registered.tags[REGISTRY_TAGS.stage] ?? '';
  const askedAnew = tag !== (metadata.annotations?.[ASKED_ANNOTATION] ?? '');
  const stage = askedAnew ? askedStage(registered) : null;
  const claims = facts && !settled ? buildClaims(facts) : {};
  const next = { ...spec, ...claims, ...(stage ? { stage } : {}) };
  const changed = renderCanonicalJson(next) !== renderCanonicalJson({ metrics: {}, parameters: {}, ...spec });
  if (!changed && !askedAnew) return false;
  await patchModelVersion(cluster, stored, {
    ...(askedAnew ? { metadata: { annotations: { [ASKED_ANNOTATION]: tag } } } : {}),
    ...(changed
      ? {
          spec: {
            ...(stage ? { stage } : {}),
            ...replaceMap('metrics', spec.metrics, claims.metrics),
            ...replaceMap('parameters', spec.parameters, claims.parameters),
          },
        }
      : {}),
  });
  return true;
}

/** A merge patch keeps what it does not name: what is gone is named as null. */
function replaceMap(field: string, before: object | undefined, next: object | undefined): Record<string, object> {
  if (!next) return {};
  const gone = Object.keys(before ?? {}).filter((name) => !Object.hasOwn(next, name));
  return { [field]: { ...next, ...Object.fromEntries(gone.map((name) => [name, null])) } };
}
