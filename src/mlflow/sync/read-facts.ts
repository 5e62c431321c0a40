import type { RegistryFacts } from '../../decision/index.ts';
import { type MlflowClient, type RegisteredVersion, RegistryError } from '../client/index.ts';

/** All that a registered version's own run and logged model say. */
export interface VersionFacts extends RegistryFacts {
  readonly registered: RegisteredVersion;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the run; '' where it recorded none. */
  readonly gitCommit: string;
}

/** What is imported of a version whose run is gone, or that never had one: no word about how good it is. */
export function withoutFacts(
  registered: RegisteredVersion,
  { url, now }: { readonly url: string; readonly now: string },
): VersionFacts {
  return { registered, url, runId: registered.runId, metrics: {}, parameters: {}, gitCommit: '', readAt: now };
}

/** MLflow 3 registers a logged model, whose metrics are its own; before, an artifact of the run. */
const LOGGED_MODEL = /^models:\/(m-[0-9a-f]+)$/;

/**
 * Reads what the registry itself knows of a version: whatever run its ModelVersion names, that of the registry counts.
 *
 * @throws RegistryError `not-found` where the version, or a run of it, is not there any more
 */
export async function readFacts(
  client: MlflowClient,
  registered: RegisteredVersion,
  { url, now }: { readonly url: string; readonly now: string },
): Promise<VersionFacts> {
  const modelId = LOGGED_MODEL.exec(registered.source)?.[1];
  const logged = modelId === undefined ? null : await client.getLoggedModel(modelId);
  const runId = registered.runId || logged?.info.source_run_id || '';
  const run = runId === '' ? null : await client.getRun(runId);
  if (run?.deleted) throw new RegistryError('not-found', `run ${runId} is deleted: its metrics are no facts any more`);
  return {
    registered,
    url,
    runId,
    // The run's metrics are of all that it trained; those of the logged model are of this one.
    metrics: { ...run?.metrics, ...logged?.data.metrics },
    parameters: { ...run?.params, ...logged?.data.params },
    gitCommit: run?.tags['mlflow.source.git.commit'] ?? '',
    readAt: now,
  };
}
