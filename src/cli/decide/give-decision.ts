import { setTimeout as sleep } from 'node:timers/promises';
import { TRY_AGAIN } from '../../admission/index.ts';
import { ANNOTATIONS, type Verdict } from '../../api/index.ts';
import { type Cluster, createBackoff, KubeApiError, MODEL_VERSIONS, resourcePath } from '../../kube/index.ts';
import { CliError } from '../cli-error.ts';
import { printable } from '../printable.ts';
import { type Person, readPerson } from '../read-person.ts';
import { readVersion } from '../read-version.ts';
import { generationOf, parseVersion, type StoredApproval, type StoredVersion } from '../stored-version.ts';
import type { VersionName } from '../version-name.ts';
import { parseStamp, renderStamp } from './stamp.ts';

export interface DecisionRequest extends VersionName {
  readonly verdict: Verdict;
  readonly reason: string;
  /** The generation that the person has looked at; undefined: the one that is there at the beginning. */
  readonly generation?: number | undefined;
}

/** A decision as it stands in the annotations. */
export interface GivenDecision {
  readonly kind: 'given';
  readonly version: StoredVersion;
  /** As the API server wrote or took it: with the reason it tells two decisions apart. */
  readonly stamp: string;
  /** The generation that was there at the beginning. The decision is for a later one if the spec changed in its way. */
  readonly lookedAt: number;
}

/** An earlier decision stood in the way until the time was over. */
interface BlockedDecision {
  readonly kind: 'blocked';
  readonly message: string;
}

/**
 * Writes the decision. A version that is changed or created anew while it waits for its turn is not decided unseen.
 *
 * @param signal ends the tries, where an earlier decision is still not recorded
 * @throws CliError, KubeApiError where nothing is decided
 */
export async function giveDecision(
  cluster: Cluster,
  request: DecisionRequest,
  signal: AbortSignal,
): Promise<GivenDecision | BlockedDecision> {
  const backoff = createBackoff({ baseMs: 200, maxMs: 2_000 });
  const person = await readPerson(cluster);
  let version = await readVersion(cluster, request);
  const { uid } = version.metadata;
  const lookedAt = request.generation ?? generationOf(version);
  const given = (stamp: string) => ({ kind: 'given', version, stamp, lookedAt }) as const;
  for (;;) {
    refuseOther(request, { uid, generation: lookedAt }, version);
    const earlier = findRecord(request, person, version);
    const standing = findStamp(request, person, version);
    if (standing !== undefined && earlier?.verified !== false) return given(standing);
    if (earlier) throw new CliError([explainRepeated(request, earlier)]);
    let hindrance = 'somebody else decided in the same words at the same time';
    try {
      version = await write(cluster, request, person, version);
      const written = findStamp(request, person, version);
      if (written !== undefined) return given(written);
    } catch (error) {
      if (!(error instanceof KubeApiError)) throw error;
      hindrance = error.answer ?? error.message;
      // Refused as it stands, and not because it has changed since it was read.
      const { resourceVersion } = (await readVersion(cluster, request)).metadata;
      if (!hindrance.includes(TRY_AGAIN) && resourceVersion === version.metadata.resourceVersion) throw error;
    }
    await sleep(backoff.nextMs(), undefined, { signal }).catch(() => {});
    if (signal.aborted) return { kind: 'blocked', message: hindrance };
    version = await readVersion(cluster, request);
  }
}

/** @returns the version as written */
async function write(
  cluster: Cluster,
  { namespace, name, verdict, reason, generation }: DecisionRequest,
  person: Person,
  version: StoredVersion,
): Promise<StoredVersion> {
  const key = ANNOTATIONS[verdict];
  const stamp = renderStamp(person, generationOf(version), verdict);
  const patch = async ({ metadata }: StoredVersion, annotations: Readonly<Record<string, string | null>>) => {
    const { uid, resourceVersion } = metadata;
    // The API server answers 409 where these are others. Only who names a generation is stopped by any other write.
    const precondition = generation === undefined ? { uid } : { uid, resourceVersion };
    const answer = await cluster.request({
      method: 'PATCH',
      path: resourcePath(MODEL_VERSIONS, { namespace, name }),
      contentType: 'application/merge-patch+json',
      body: { metadata: { ...precondition, annotations } },
    });
    return parseVersion(answer);
  };
  // Words that stand there already are no new decision to the API server, whoever writes them: the old ones, which are
  // recorded or it would refuse, go first.
  const repeats = version.metadata.annotations?.[key] === reason;
  const cleared = repeats ? await patch(version, { [key]: null }) : version;
  return patch(cleared, { [key]: reason, [ANNOTATIONS.decidedBy]: stamp });
}

function refuseOther(
  { name, verdict }: DecisionRequest,
  looked: { readonly uid: string | undefined; readonly generation: number },
  version: StoredVersion,
): void {
  if (version.metadata.uid !== looked.uid)
    throw new CliError([`${name} was deleted and created again: look at the new one before you ${verdict} it`]);
  const generation = generationOf(version);
  if (generation !== looked.generation)
    throw new CliError([
      `the spec of ${name} is at generation ${generation}, not ${looked.generation}: look at it before you ${verdict} it`,
    ]);
}

/** @returns the stamp of this very decision, where it stands in the annotations. */
function findStamp({ verdict, reason }: DecisionRequest, { user }: Person, version: StoredVersion): string | undefined {
  const { annotations = {} } = version.metadata;
  const text = annotations[ANNOTATIONS.decidedBy];
  const stamp = parseStamp(text);
  const mine = stamp?.user === user && stamp.verdict === verdict && stamp.generation === generationOf(version);
  return mine && annotations[ANNOTATIONS[verdict]] === reason ? text : undefined;
}

/** @returns what the operator would take for this very decision. */
function findRecord(
  { verdict, reason }: DecisionRequest,
  { user }: Person,
  version: StoredVersion,
): StoredApproval | undefined {
  return version.status.approvals.find(
    (record) =>
      record.user === user &&
      record.verdict === verdict &&
      record.reason === reason &&
      record.generation === generationOf(version) &&
      record.uid === version.metadata.uid,
  );
}

function explainRepeated({ name, verdict, reason }: DecisionRequest, { user, at }: StoredApproval): string {
  return `${printable(user)} gave ${name} the reason "${printable(reason)}" at ${at} already, and the same is not recorded twice: to ${verdict} it again, give another --reason`;
}
