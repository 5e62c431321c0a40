import { type ModelRegistry, ModelVersion } from '../../api/index.ts';
import type { MlflowClient, RegisteredVersion } from '../client/index.ts';
import { matchesModel } from '../matches-model.ts';
import type { StoredVersions } from '../ports.ts';
import { findAbsent, findDrift, identify } from './compare-registry.ts';
import { isPending } from './export-model.ts';
import type { VersionIndex } from './version-index.ts';

/** One version on which registry and cluster do not agree. */
export interface RegistryDifference {
  readonly model: string;
  readonly version: string;
  readonly kind: /** There is no ModelVersion of it. */
    | 'not-imported'
    /** A decision that the registry does not show yet. */
    | 'not-exported'
    /** Somebody moved it in the registry. */
    | 'drifted'
    /** There is a ModelVersion, and the registry has no such version. */
    | 'absent';
  /** The stage in the registry. */
  readonly found: string;
  /** The stage in effect. */
  readonly decided: string;
}

interface DiffPorts {
  readonly client: MlflowClient;
  readonly versions: StoredVersions;
  readonly index: VersionIndex;
}

/**
 * Compares and changes nothing.
 *
 * @throws RegistryError
 */
export async function diffRegistry(registry: ModelRegistry, ports: DiffPorts): Promise<readonly RegistryDifference[]> {
  const seen = new Set<string>();
  const differences: RegistryDifference[] = [];
  for await (const page of ports.client.listVersions()) {
    for (const registered of page) {
      if (!registered.ready || !matchesModel(registry, registered.model)) continue;
      seen.add(identify(registered));
      const difference = compare(registered, registry, ports);
      if (difference) differences.push(difference);
    }
  }
  const absent = findAbsent(seen, registry, ports);
  return [...differences, ...absent.map((drift) => ({ ...drift, kind: 'absent' as const }))];
}

function compare(
  registered: RegisteredVersion,
  registry: ModelRegistry,
  { versions, index }: DiffPorts,
): RegistryDifference | null {
  const { model, version, stage: found } = registered;
  const key = index.find(model, version);
  const stored = key === undefined ? undefined : ModelVersion.safeParse(versions.get(key)).data;
  if (key === undefined || !stored) return { model, version, kind: 'not-imported', found, decided: 'None' };
  const { exported, stage: decided = 'None' } = stored.status ?? {};
  if (registry.spec.export && isPending(key, { versions, index }))
    return { model, version, kind: 'not-exported', found, decided };
  const drift = exported?.registry === registry.metadata.name ? findDrift(registered, exported, registry) : null;
  return drift === null ? null : { model, version, kind: 'drifted', found: drift, decided };
}
