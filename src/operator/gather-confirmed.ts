import { ANNOTATIONS } from '../api/index.ts';
import type { Snapshot } from '../decision/index.ts';
import { type Gathered, gatherSnapshot, type SnapshotSources } from './gather-snapshot.ts';
import type { StampDoubts } from './stamp-doubts.ts';
import type { AdmissionWatch } from './watch-admission.ts';

export interface ConfirmationPorts extends Omit<SnapshotSources, 'approvalsVerified' | 'submission'> {
  readonly admission: Pick<AdmissionWatch, 'verified' | 'confirm'>;
  readonly doubts: StampDoubts;
}

/** The stamps that are about to be recorded. What is recorded is not judged again. */
interface NewStamps {
  /** The decision in the annotations. */
  readonly decision: boolean;
  /** Who submitted it, where a policy depends on that. */
  readonly submission: boolean;
  /** What they say, and of which object. */
  readonly text: string;
}

/**
 * Gathers what a decision depends on. A stamp that is about to be recorded is believed only if the admission policies are
 * in force now, and were all the time since they were last looked at.
 *
 * @param peopleDecide whether it is known that no policy decides alone: where duties are separate, who submitted it counts
 * @throws KubeApiError where that cannot be told
 */
export async function gatherConfirmed(
  key: string,
  ports: ConfirmationPorts,
  { peopleDecide }: { readonly peopleDecide: boolean },
): Promise<Gathered> {
  let looked: (NewStamps & { readonly inForce: boolean }) | undefined;
  for (;;) {
    const gathered = gatherSnapshot(key, { ...ports, ...believe(key, looked, ports) });
    if (gathered.kind !== 'snapshot') return gathered;
    const asked = gathered.readsSubmitter || (peopleDecide && submitterMatters(key, gathered, ports));
    const stamps = findNewStamps(key, gathered.snapshot, asked, ports);
    // Others may have been written after the look. Whatever else was, by anybody who edits, is not what is confirmed.
    if (stamps?.text === looked?.text) return gathered;
    looked = stamps ? { ...stamps, inForce: await ports.admission.confirm() } : undefined;
  }
}

/** Whether it is still to be recorded who submitted a version that people decide: also where that is in doubt. */
export function submitterMatters(
  key: string,
  { snapshot, separatesDuties }: Extract<Gathered, { kind: 'snapshot' }>,
  { versions, doubts }: Pick<ConfirmationPorts, 'versions' | 'doubts'>,
): boolean {
  if (!versions.summary(key)?.submissionUnrecorded) return false;
  return separatesDuties || doubts.doubtsSubmission(key, snapshot.modelVersion.metadata.generation ?? 1);
}

function believe(
  key: string,
  looked: (NewStamps & { readonly inForce: boolean }) | undefined,
  { versions, admission, doubts }: ConfirmationPorts,
): Pick<SnapshotSources, 'approvalsVerified' | 'submission'> {
  const generation = versions.summary(key)?.generation ?? 1;
  const doubted = doubts.doubtsSubmission(key, generation);
  return {
    approvalsVerified: looked?.decision ? looked.inForce && !doubts.doubtsDecision(key) : admission.verified(),
    ...(looked?.submission ? { submission: looked.inForce && !doubted ? 'Vouched' : 'Doubted' } : {}),
  };
}

function findNewStamps(
  key: string,
  { modelVersion }: Snapshot,
  submitterAsked: boolean,
  { versions }: ConfirmationPorts,
): NewStamps | null {
  const summary = versions.summary(key);
  const decision = summary?.unrecordedDecision ?? '';
  const submission = submitterAsked && (summary?.submissionUnrecorded ?? false);
  if (!decision && !submission) return null;
  const { uid, generation, annotations = {} } = modelVersion.metadata;
  const submitted = submission ? [uid, generation, annotations[ANNOTATIONS.submittedBy]] : null;
  return { decision: decision !== '', submission, text: JSON.stringify([decision, submitted]) };
}
