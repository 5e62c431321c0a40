import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, createPlainStore, KubeApiError, MODEL_VERSIONS, watchResource } from '../../kube/index.ts';
import { CliError } from '../cli-error.ts';
import { readVersion } from '../read-version.ts';
import { parseVersion, type StoredApproval, type StoredVersion } from '../stored-version.ts';
import type { VersionName } from '../version-name.ts';

/** What tells a decision from all others. */
interface DecisionMark {
  readonly stamp: string;
  readonly reason: string;
}

/** A decision, and the version as it is with it. */
export interface RecordedDecision {
  readonly record: StoredApproval;
  readonly version: StoredVersion;
}

const POLL_MS = 1_000;

/**
 * Waits until the operator has recorded the decision.
 *
 * @returns null where it has not when `signal` ends the wait
 * @throws CliError where the version is deleted
 */
export async function awaitRecord(
  cluster: Cluster,
  where: VersionName,
  mark: DecisionMark,
  signal: AbortSignal,
): Promise<RecordedDecision | null> {
  try {
    return await watchForRecord(cluster, where, mark, signal);
  } catch (error) {
    // Who decides needs no right to watch.
    if (error instanceof KubeApiError && error.code === 'forbidden') return pollForRecord(cluster, where, mark, signal);
    throw error;
  }
}

async function watchForRecord(
  cluster: Cluster,
  { namespace, name }: VersionName,
  mark: DecisionMark,
  signal: AbortSignal,
): Promise<RecordedDecision | null> {
  const { promise, resolve, reject } = Promise.withResolvers<RecordedDecision | null>();
  const gone = () => reject(new CliError([`${name} was deleted before the decision was recorded`]));
  const store = createPlainStore();
  await using watch = watchResource({
    cluster,
    resource: MODEL_VERSIONS,
    namespaces: [namespace],
    name,
    store,
    onChange({ now }) {
      if (now === undefined) return gone();
      try {
        const version = parseVersion(now);
        const record = findRecord(version, mark);
        if (record) resolve({ record, version });
      } catch (error) {
        reject(error);
      }
    },
    // Others pass: the watch is taken up again.
    onProblem: (error) => {
      if (error instanceof KubeApiError && error.code === 'forbidden') reject(error);
    },
  });
  void watch.synced.then(() => store.size === 0 && gone());
  if (signal.aborted) resolve(null);
  signal.addEventListener('abort', () => resolve(null), { once: true });
  return await promise;
}

async function pollForRecord(
  cluster: Cluster,
  where: VersionName,
  mark: DecisionMark,
  signal: AbortSignal,
): Promise<RecordedDecision | null> {
  for (;;) {
    const version = await readVersion(cluster, where);
    const record = findRecord(version, mark);
    if (record) return { record, version };
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return null;
  }
}

function findRecord({ status }: StoredVersion, { stamp, reason }: DecisionMark): StoredApproval | undefined {
  return status.approvals.find((record) => record.stamp === stamp && record.reason === reason);
}
