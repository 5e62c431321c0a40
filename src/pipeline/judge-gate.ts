import { isApprover } from '../decision/index.ts';
import { digestContent, type GatedVersion, generationOf } from './gated-version.ts';

/** Exactly what a gate asked for. Whatever else is decided under the same name is no answer to it. */
export interface GateQuestion {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly contentDigest: string;
  /** The step's approvers, one of whom must have approved; empty where the policies alone decide. */
  readonly approvers: readonly string[];
}

/** The answer, where there is one, as the version's condition `Approved` tells it. */
export interface GateAnswer {
  readonly kind: 'approved' | 'rejected';
  readonly generation: number;
  readonly decisionId: string;
  /** A reason of the condition `Approved`, or `ApprovedByOthers`. */
  readonly reason: string;
  readonly message: string;
  readonly approvedBy: readonly string[];
  /** The stage in effect. */
  readonly stage: string;
}

/** Why no answer can come any more: the version is another one than the gate asked about. */
interface GateLost {
  readonly kind: 'changed' | 'replaced';
  readonly message: string;
}

export interface GateWaits {
  readonly kind: 'waiting';
  /** Whether the operator has looked at this generation. */
  readonly seen: boolean;
  /** What is missing, as the operator says it. */
  readonly message: string;
}

export type GateJudgement = GateAnswer | GateLost | GateWaits;

/**
 * Reads the answer to a gate's question off a version. Pure. A decision counts for the generation that the gate asked
 * about, and for a later one whose content is the same, as when another pipeline has added its approvers.
 */
export function judgeGate(version: GatedVersion, question: GateQuestion): GateJudgement {
  const { metadata, status } = version;
  if (metadata.uid !== question.uid)
    return { kind: 'replaced', message: `${question.name} was deleted and created again while the gate waited` };
  const generation = generationOf(version);
  const isSame = digestContent(version) === question.contentDigest;
  const { decision } = status;
  const answers =
    decision?.generation === question.generation ||
    (isSame && decision !== undefined && decision.generation === generation);
  if (decision && answers && (decision.outcome === 'Approved' || decision.outcome === 'Rejected'))
    return answer(version, decision, question);
  if (!isSame) {
    const message = `the spec of ${question.name} was changed while the gate waited (generation ${generation}, asked was ${question.generation}): an approval of it would not be one of what the gate asked for`;
    return { kind: 'changed', message };
  }
  const told = findApproved(version, generation);
  const message = told?.message ?? `the operator has not looked at generation ${generation} yet`;
  return { kind: 'waiting', seen: told !== undefined, message };
}

function answer(
  version: GatedVersion,
  decision: NonNullable<GatedVersion['status']['decision']>,
  { approvers, name }: GateQuestion,
): GateAnswer {
  const { approvals, stage } = version.status;
  const { generation, id: decisionId, outcome, reasons } = decision;
  const told = findApproved(version, generation);
  const approved = approvals.filter(
    (record) => record.counted && record.verdict === 'approve' && record.generation === generation,
  );
  const approvedBy = [...new Set(approved.map(({ user }) => user))];
  const answered = {
    generation,
    decisionId,
    approvedBy,
    stage,
    reason: told?.reason ?? outcome,
    message: told?.message ?? reasons.join('; '),
  };
  if (outcome === 'Rejected') return { ...answered, kind: 'rejected' };
  if (approvers.length === 0 || approved.some((record) => isApprover(record, approvers)))
    return { ...answered, kind: 'approved' };
  const others = approvedBy.length > 0 ? approvedBy.join(', ') : 'a policy';
  return {
    ...answered,
    kind: 'rejected',
    reason: 'ApprovedByOthers',
    message: `${name} is approved by ${others}, and not by ${approvers.join(', ')}, whom this step asks`,
  };
}

function findApproved({ status }: GatedVersion, generation: number): { reason: string; message: string } | undefined {
  return status.conditions.find(
    ({ type, observedGeneration }) => type === 'Approved' && observedGeneration === generation,
  );
}
