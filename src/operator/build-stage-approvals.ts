import type { Condition, StageApprovalsStatus } from '../api/index.ts';
import type { ApprovedVersion } from './approved-versions.ts';

/** Two thirds of what etcd takes by default: the rest is for metadata, conditions, and whoever annotates the object. */
const MAX_BYTES = 2 ** 20;

/**
 * Says which versions are approved for which stage. Beyond a MiB the versions that came to their stage last stand, and
 * the others are left out: the guard refuses them, and says that this may be why.
 *
 * @param before the stored status; what still holds keeps its time
 * @param now RFC 3339
 */
export function buildStageApprovals(
  modelNamespace: string,
  versions: ReadonlyMap<string, ApprovedVersion>,
  before: StageApprovalsStatus | undefined,
  now: string,
): StageApprovalsStatus {
  const kept = selectNewest(versions);
  const omitted = versions.size - kept.length;
  const namesIn = (stage: ApprovedVersion['stage']) =>
    Object.fromEntries(
      kept.filter(([, version]) => version.stage === stage).map(([name, { digest }]) => [name, digest]),
    );
  return {
    modelNamespace,
    versions: { Staging: namesIn('Staging'), Production: namesIn('Production') },
    approved: kept.length,
    omitted,
    conditions: [buildReady(omitted, before, now)],
  };
}

function selectNewest(versions: ReadonlyMap<string, ApprovedVersion>): readonly [string, ApprovedVersion][] {
  const all = [...versions];
  const bytes = (entries: typeof all) => entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  if (bytes(all) <= MAX_BYTES) return all;
  let left = MAX_BYTES;
  return all
    .toSorted(([, a], [, b]) => (a.movedAt < b.movedAt ? 1 : -1))
    .filter((entry) => {
      left -= bytesOf(entry);
      return left >= 0;
    });
}

/** As it stands in JSON: `"NAME":"DIGEST",`. Both are ASCII. */
function bytesOf([name, { digest }]: readonly [string, ApprovedVersion]): number {
  return name.length + digest.length + 6;
}

function buildReady(omitted: number, before: StageApprovalsStatus | undefined, now: string): Condition {
  const status = omitted === 0 ? 'True' : 'False';
  const [existing] = before?.conditions ?? [];
  return {
    type: 'Ready',
    status,
    reason: omitted === 0 ? 'Complete' : 'TooManyVersions',
    message:
      omitted === 0
        ? 'every approved version stands here'
        : `${omitted} approved versions do not fit, the ones longest in their stage: archive or delete versions that are not served any more`,
    lastTransitionTime: existing?.status === status ? existing.lastTransitionTime : now,
  };
}
