import {
  ANNOTATIONS,
  type Condition,
  isServedStage,
  type ModelVersionStatus,
  nextCondition,
  type SaidCondition,
} from '../api/index.ts';
import { digestPolicies, type Judgement, judge } from './decide.ts';
import { isSettled } from './is-final.ts';
import type { PolicyResults, Snapshot } from './snapshot.ts';

const TYPE = 'PolicyCompliant';

/**
 * @returns what the policies are to be asked about: the version itself until it is decided, and after that what
 * `recallDecision` gives. Null: nobody asks them.
 */
export function snapshotToAsk(snapshot: Snapshot): Snapshot | null {
  return isSettled(snapshot.modelVersion) ? recallDecision(snapshot) : snapshot;
}

/** Whether an approval of this generation holds a stage that is served: what the policies of today may find fault with. */
function stands({ modelVersion }: Pick<Snapshot, 'modelVersion'>): boolean {
  const { spec, status } = modelVersion;
  if (!status || !isServedStage(status.stage) || status.stage !== spec.stage) return false;
  return isSettled(modelVersion) && status.decision?.outcome === 'Approved';
}

/**
 * @returns what the policies of today are asked about a decision that stands: the version as it was when it was decided,
 * in the stage that it came from, at that time. Null where nothing stands, or nothing else is in force than then.
 */
function recallDecision(snapshot: Snapshot): Snapshot | null {
  const { modelVersion, policies, approvalsVerified } = snapshot;
  const { metadata, status } = modelVersion;
  const { decision } = status ?? {};
  // Nobody vouches for the submitter now, and the policies would be told of none.
  if (!decision || !approvalsVerified || !stands(snapshot)) return null;
  if (digestPolicies(policies) === decision.policyDigest) return null;
  const arrival = status?.history?.find(({ decisionId }) => decisionId === decision.id);
  // What a person writes now is recorded first, with whether it counts.
  const { [ANNOTATIONS.decidedBy]: _, ...annotations } = metadata.annotations ?? {};
  return {
    ...snapshot,
    modelVersion: {
      ...modelVersion,
      metadata: { ...metadata, annotations },
      status: { ...status, stage: arrival?.from ?? modelVersion.spec.stage },
    },
    // One that cannot be asked says nothing of it: nobody is asked in its place who was not asked then.
    policies: policies.map((policy) => ({ ...policy, spec: { ...policy.spec, failurePolicy: 'Block' as const } })),
    now: decision.now,
  };
}

/**
 * A decision stands, whatever the policies say later; what they say is told by this condition. It is there from the first
 * fault on: a policy that changes and finds none in a hundred thousand versions writes to none of them.
 *
 * @param results of the recalled snapshot's policies
 */
export function nextCompliance(snapshot: Snapshot, results: PolicyResults): Condition | undefined {
  const { modelVersion, now } = snapshot;
  const before = modelVersion.status?.conditions ?? [];
  const told = findCompliance(modelVersion.status);
  if (!stands(snapshot)) return undefined;
  if (!snapshot.approvalsVerified) return told;
  const recalled = recallDecision(snapshot);
  const said = recalled ? describeJudgement(recalled, results) : UNCHANGED;
  if (said === null || (said.value === 'True' && !told)) return told;
  return nextCondition(TYPE, said, { before, now, generation: modelVersion.metadata.generation ?? 1 });
}

/** @returns what is told of a decision that stands; undefined where no fault was found with it. */
export function findCompliance<Told extends Pick<Condition, 'type'>>(
  status: { readonly conditions?: readonly Told[] | undefined } | undefined,
): Told | undefined {
  return status?.conditions?.find(({ type }) => type === TYPE);
}

/** @returns the conditions with this one in its place; undefined: there is none. */
export function withCompliance(
  { conditions = [] }: ModelVersionStatus,
  compliance: Condition | undefined,
): Pick<ModelVersionStatus, 'conditions'> {
  const told = compliance ? [compliance] : [];
  const at = conditions.findIndex(({ type }) => type === TYPE);
  if (at >= 0) return { conditions: conditions.toSpliced(at, 1, ...told) };
  return compliance ? { conditions: [...conditions, compliance] } : {};
}

const UNCHANGED: SaidCondition = {
  value: 'True',
  reason: 'PoliciesAllow',
  message: 'the policies in force are those that decided it',
};

/** @returns null where a policy gave no answer: its own status tells that, and it says nothing of this version. */
function describeJudgement(recalled: Snapshot, results: PolicyResults): SaidCondition | null {
  const unasked = recalled.policies.some(({ name, digest }) => digest !== null && !Object.hasOwn(results, name));
  if (unasked) return null;
  const { outcome, message } = judge(recalled, results);
  return SAID[outcome](message);
}

const SAID: Readonly<Record<Judgement['outcome'], (message: string) => SaidCondition | null>> = {
  Approved: () => ({ value: 'True', reason: 'PoliciesAllow', message: 'the policies of today allow it too' }),
  Rejected: (message) => ({
    value: 'False',
    reason: 'PolicyDenies',
    message: `the policies of today deny it (${message}); the decision stands until the spec changes or it is revoked`,
  }),
  Pending: (message) => ({
    value: 'False',
    reason: 'ApprovalMissing',
    message: `judged by the policies of today, it ${message}; the decision stands until the spec changes or it is revoked`,
  }),
  Error: () => null,
};
