import { type KeyObject, verify } from 'node:crypto';
import type { ApprovalRecord, DecisionStatus, ModelVersion, TransitionRecord } from '../api/index.ts';
import { digestOf } from './canonical.ts';
import { identifyDecision } from './decide.ts';
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
  return verifyHistory(version) ?? verifyApprovals(version) ?? verifyDecision(version);
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
  const [newest] = status.history ?? [];
  if (isFinal(decision) && newest?.generation === decision.generation && newest.decisionId !== decision.id)
    return { entry: 'status.history[0]', problem: `it is of decision ${newest.decisionId}, not of ${decision.id}` };
  const expected =
    newest?.reason === 'Revoked' ? identifyRevocation(version, newest) : identifyDecision(metadata.uid, decision);
  return expected === decision.id ? null : misfitOf(decision, expected);
}

function misfitOf({ id }: DecisionStatus, expected: string): Misfit {
  return { entry: 'status.decision', problem: `its id is ${id}, and its content gives ${expected}` };
}

/** A revocation's id names the decision that it takes back: the one before it in the history. */
function identifyRevocation({ status }: ModelVersion, { generation }: TransitionRecord): string {
  const revoked = status?.history?.[1]?.decisionId;
  const record = status?.approvals?.findLast(
    (approval) => approval.verdict === 'revoke' && approval.counted && approval.generation === generation,
  );
  return digestOf({ revokes: revoked, stamp: record?.stamp, reason: record?.reason });
}
