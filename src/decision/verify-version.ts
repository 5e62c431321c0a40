import { type KeyObject, verify } from 'node:crypto';
import {
  APPROVED_REASONS,
  type ApprovalRecord,
  type ApprovedReason,
  type DecisionStatus,
  type ModelVersion,
  type TransitionRecord,
} from '../api/index.ts';
import { digestOf } from './canonical.ts';
import { identifyDecision, NO_STAGE_ASKED } from './decide.ts';
import { buildDecisionStatement } from './decision-statement.ts';
import { isFinal } from './is-final.ts';
import { currentStage } from './next-status.ts';
import { digestSpec } from './record-approval.ts';
import { parseStamp } from './stamp.ts';

/** What does not fit, and where: `status.history[3]`. */
export interface Misfit {
  readonly entry: string;
  readonly problem: string;
}

/**
 * Checks that a version's status fits itself: the chain of its history, the digests, and what its approvals are bound
 * to. Whoever may write the stored object can make all of it anew; the signature is what they cannot make.
 *
 * @returns the first entry that does not fit, oldest first; null where all fit
 */
export function verifyStatus(version: ModelVersion): Misfit | null {
  return (
    verifyHistory(version) ??
    verifyApprovals(version) ??
    verifyDecision(version) ??
    verifyMoves(version) ??
    verifyConditions(version)
  );
}

/**
 * Checks the operator's signature of the decision.
 *
 * @param publicKeys by key id: `sha256:` and the digest of the key's SPKI form
 */
export function verifySignature(version: ModelVersion, publicKeys: ReadonlyMap<string, KeyObject>): Misfit | null {
  const { metadata, status = {} } = version;
  const { decision } = status;
  const misfit = (problem: string): Misfit => ({ entry: 'status.decision.signature', problem });
  if (!decision) return { entry: 'status.decision', problem: 'nothing is decided yet, so nothing is signed' };
  if (decision.generation !== metadata.generation)
    return misfit(`it is for generation ${decision.generation}; the spec has changed since, and waits for a decision`);
  const statement = buildDecisionStatement(version, status);
  if (!statement) return misfit(`the decision is not final (${decision.outcome}), and only final ones are signed`);
  if (!decision.signature) return misfit('the decision is not signed: the operator had no key when it was made');
  const { keyId, value } = decision.signature;
  const key = publicKeys.get(keyId);
  if (!key) return misfit(`nobody gave the public key ${keyId}`);
  return verify(null, statement.toSign, key, Buffer.from(value, 'base64'))
    ? null
    : misfit('the signature is not that of this version and decision: one of them was changed after it was signed');
}

function verifyHistory(version: ModelVersion): Misfit | null {
  const history = version.status?.history ?? [];
  for (let index = history.length - 1; index >= 0; index--) {
    const [entry, before] = [history[index], history[index + 1]];
    if (!entry) continue;
    const misfit = (problem: string): Misfit => ({ entry: `status.history[${index}]`, problem });
    if (before && entry.previousDigest !== digestOf(before))
      return misfit('its previousDigest is not the digest of the entry before it: one of the two was changed');
    if (before && entry.from !== before.to)
      return misfit(`it moves from ${entry.from}, and the entry before it moved to ${before.to}`);
    if (!before && entry.previousDigest === '' && entry.from !== 'None')
      return misfit(`it is the first entry and moves from ${entry.from}: every version begins at None`);
  }
  const stage = currentStage(version);
  const last = history[0]?.to ?? 'None';
  return stage === last ? null : { entry: 'status.stage', problem: `it is ${stage}, and the last move was to ${last}` };
}

function verifyApprovals(version: ModelVersion): Misfit | null {
  const { metadata, status } = version;
  for (const [index, record] of (status?.approvals ?? []).entries()) {
    const problem = explainUnbound(record, version);
    if (problem) return { entry: `status.approvals[${index}]`, problem };
  }
  const { requirements = [], generation } = status?.decision ?? {};
  for (const [index, { approvedBy }] of requirements.entries()) {
    const missing = approvedBy.find(
      (user) =>
        !status?.approvals?.some(
          (record) => record.user === user && record.counted && record.generation === generation,
        ),
    );
    if (missing !== undefined && generation === metadata.generation)
      return {
        entry: `status.decision.requirements[${index}]`,
        problem: `it names ${missing}, of whom no counted approval is recorded`,
      };
  }
  return null;
}

function explainUnbound(record: ApprovalRecord, version: ModelVersion): string | null {
  const { metadata } = version;
  const stamp = parseStamp(record.stamp);
  if (!stamp) return 'its stamp is not one';
  if (
    stamp.user !== record.user ||
    stamp.verdict !== record.verdict ||
    stamp.generation !== record.generation ||
    digestOf(stamp.groups) !== digestOf(record.groups)
  )
    return 'user, groups, generation or verdict are not those of its stamp';
  if (!record.counted) return null;
  if (record.uid !== metadata.uid) return 'it counts, and was given for another version of the same name';
  if (!record.verified) return 'it counts, and nothing vouched for its stamp';
  if (record.generation === metadata.generation && record.specDigest !== digestSpec(version))
    return 'it counts, and was given for another content than the spec of this generation';
  return null;
}

function verifyDecision(version: ModelVersion): Misfit | null {
  const { metadata, status } = version;
  const decision = status?.decision;
  if (!decision) return null;
  const { history: [newest] = [] } = status;
  const moved = movesOf(version, decision).length > 0;
  // What is final moved the version, unless it has no stage and gets none.
  const unmoved = status.stage !== 'None' || newest?.generation === decision.generation;
  if (isFinal(decision) && newest && !moved && unmoved)
    return { entry: 'status.history[0]', problem: `it is of decision ${newest.decisionId}, not of ${decision.id}` };
  const expected = isRevocation(version, decision)
    ? identifyRevocation(version, decision)
    : identifyDecision(metadata.uid, decision);
  return expected === decision.id
    ? null
    : { entry: 'status.decision', problem: `its id is ${decision.id}, and its content gives ${expected}` };
}

/** A rejection by people whose id is not that of its content. */
function isRevocation({ metadata }: ModelVersion, decision: DecisionStatus): boolean {
  const { outcome, by, id } = decision;
  return outcome === 'Rejected' && by === 'People' && identifyDecision(metadata.uid, decision) !== id;
}

/** A revocation's id names the decision that it takes back: the one before it in the history. */
function identifyRevocation({ metadata, status }: ModelVersion, decision: DecisionStatus): string {
  const { generation } = decision;
  const before = status?.history?.[1];
  const revoked =
    before?.generation === generation
      ? before.decisionId
      : // What moved nothing is not in the history; there is one such approval.
        identifyDecision(metadata.uid, { ...decision, outcome: 'Approved', by: 'Policy', reasons: [NO_STAGE_ASKED] });
  const record = status?.approvals?.findLast(
    (approval) => approval.verdict === 'revoke' && approval.counted && approval.generation === generation,
  );
  return digestOf({ revokes: revoked, stamp: record?.stamp, reason: record?.reason });
}

/** No later entry carries the digest of the newest one: what it says is compared with the decision that it is of. */
function verifyMoves(version: ModelVersion): Misfit | null {
  const { decision } = version.status ?? {};
  if (!decision) return null;
  for (const [order, { entry, index }] of movesOf(version, decision).entries()) {
    const problem = order === 0 ? explainArrival(entry, decision, version) : explainSuperseded(entry, decision);
    if (problem) return { entry: `status.history[${index}]`, problem };
  }
  return null;
}

/** @returns the moves of the decision, the oldest first: its own, and where another version took the stage, that too */
function movesOf({ status }: ModelVersion, { id }: DecisionStatus) {
  return (status?.history ?? [])
    .map((entry, index) => ({ entry, index }))
    .filter(({ entry }) => entry.decisionId === id)
    .toReversed();
}

function explainArrival(entry: TransitionRecord, decision: DecisionStatus, version: ModelVersion): string | null {
  const { spec, metadata } = version;
  const reason = reasonOf(version, decision);
  if (entry.reason !== reason) return `its reason is ${entry.reason}, and that of its decision is ${reason}`;
  if (entry.at !== decision.decidedAt) return `it is of ${entry.at}, and its decision of ${decision.decidedAt}`;
  const stages =
    decision.outcome !== 'Approved'
      ? ['Archived', ...(reason === 'Revoked' ? [] : [entry.from])]
      : decision.generation === metadata.generation
        ? [spec.stage]
        : [entry.to];
  if (!stages.includes(entry.to)) return `it moves to ${entry.to}, and its decision to ${stages.join(' or ')}`;
  return explainMove(entry, decision);
}

function explainSuperseded(entry: TransitionRecord, decision: DecisionStatus): string | null {
  if (entry.reason !== 'Superseded')
    return `its reason is ${entry.reason}; a second move of one decision is Superseded`;
  if (entry.to !== 'Archived') return `it moves to ${entry.to}, and what is superseded to Archived`;
  if (Date.parse(entry.at) < Date.parse(decision.decidedAt))
    return `it is of ${entry.at}, and its decision of ${decision.decidedAt}, which is later`;
  return explainMove(entry, decision);
}

function explainMove({ outcome, generation }: TransitionRecord, decision: DecisionStatus): string | null {
  if (outcome !== decision.outcome) return `its outcome is ${outcome}, and that of its decision is ${decision.outcome}`;
  if (generation !== decision.generation)
    return `it is of generation ${generation}, and its decision of generation ${decision.generation}`;
  return null;
}

function verifyConditions(version: ModelVersion): Misfit | null {
  const { decision, conditions = [] } = version.status ?? {};
  if (!decision) return null;
  const approved = conditions.find(({ type }) => type === 'Approved');
  // A spec that cannot be read is told in place of the decision, which stays as it was.
  const reason: ApprovedReason = approved?.reason === 'InvalidSpec' ? approved.reason : reasonOf(version, decision);
  const status = APPROVED_REASONS[reason];
  for (const [type, expected] of [
    ['Approved', status],
    ['Ready', status === 'True' ? 'True' : 'False'],
  ] as const) {
    const said = conditions.find((condition) => condition.type === type);
    const found = said ? `it is ${said.status}, ${said.reason}` : 'it is not there';
    if (said?.status !== expected || said.reason !== reason)
      return {
        entry: `status.conditions[${type}]`,
        problem: `${found}, and the decision makes it ${expected}, ${reason}`,
      };
  }
  return null;
}

/** @returns the reason of condition `Approved` that the decision gives */
function reasonOf(version: ModelVersion, decision: DecisionStatus): ApprovedReason {
  const { outcome, by, policies } = decision;
  switch (outcome) {
    case 'Pending':
      return 'AwaitingApproval';
    case 'Error':
      return 'PolicyError';
    case 'Approved':
      return by === 'People' ? 'ManuallyApproved' : 'AutoApproved';
    case 'Rejected':
      if (by === 'People') return isRevocation(version, decision) ? 'Revoked' : 'RejectedByApprover';
      return policies.some((policy) => policy.outcome === 'deny' && policy.mode !== 'Shadow')
        ? 'PolicyDenied'
        : 'Expired';
  }
}
