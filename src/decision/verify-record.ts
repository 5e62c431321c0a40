import { type KeyObject, verify } from 'node:crypto';
import { type AuditRecord, type DecisionRecord, identifyRecord } from './audit-record.ts';
import { buildDecisionStatement } from './decision-statement.ts';
import { encodeForSigning } from './dsse.ts';
import { type Misfit, verifyStatus } from './verify-version.ts';

/**
 * Checks that a record fits itself: its id, and the state of the version that it was made from.
 *
 * @returns the first part that does not fit; null where all fit
 */
export function verifyRecord(record: AuditRecord): Misfit | null {
  const expected = identifyRecord(record);
  if (expected !== null && expected !== record.id)
    return { entry: 'id', problem: `it is ${record.id}, and the record's content gives ${expected}` };
  if (record.kind !== 'Decision') return null;
  const misfit = verifyStatus(record.snapshot.modelVersion);
  return misfit && { ...misfit, entry: `snapshot.modelVersion.${misfit.entry}` };
}

/**
 * Checks the envelope of a final decision: that it is about this decision, and that a known key signed it.
 *
 * @param publicKeys by key id
 */
export function verifyRecordSignature(
  { decision, approvals, snapshot, attestation }: DecisionRecord,
  publicKeys: ReadonlyMap<string, KeyObject>,
): Misfit | null {
  const misfit = (problem: string): Misfit => ({ entry: 'attestation', problem });
  if (!attestation) return misfit('there is none: the decision is not final, was signed before, or there was no key');
  const statement = buildDecisionStatement(snapshot.modelVersion, { decision, approvals: [...approvals] });
  const payload = Buffer.from(attestation.payload, 'base64');
  if (!statement || !payload.equals(statement.payload)) return misfit('it is about another decision than the record');
  const bytes = encodeForSigning(attestation.payloadType, payload);
  const unknown: string[] = [];
  for (const { keyid, sig } of attestation.signatures) {
    const key = publicKeys.get(keyid);
    if (!key) unknown.push(keyid);
    else if (verify(null, bytes, key, Buffer.from(sig, 'base64'))) return null;
  }
  return misfit(
    unknown.length > 0 ? `nobody gave the public key ${unknown.join(', ')}` : 'no signature of it is that of its key',
  );
}
