import { z } from 'zod';
import { ApprovalRecord, DecisionStatus, type ModelVersion, type ModelVersionStatus, Stage } from '../api/index.ts';
import { digestOf } from './canonical.ts';
import { DsseEnvelope } from './dsse.ts';
import { PolicyFailure, type PolicyResults, Snapshot } from './snapshot.ts';

const Subject = z
  .strictObject({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    generation: z.number().int(),
    model: z.string(),
    version: z.string(),
  })
  .readonly();

/** A decision, or a move that follows from one, with all that it depends on: what an auditor replays. */
export const DecisionRecord = z
  .strictObject({
    kind: z.literal('Decision'),
    /** SHA-256 of what was decided and which move it makes: a retry writes the same id. */
    id: z.string(),
    modelVersion: Subject,
    transition: z.strictObject({ from: Stage, to: Stage }).readonly(),
    decision: DecisionStatus,
    approvals: z.array(ApprovalRecord).readonly(),
    /** Evaluations that gave no value, by policy: a deadline that was missed is no part of what can be repeated. */
    failures: z.record(z.string(), PolicyFailure).readonly(),
    snapshot: Snapshot,
    /** The signed statement; a decision that still waits has none. */
    attestation: DsseEnvelope.exactOptional(),
    /** JSON pointers of what was masked after the record was made; such a record cannot be replayed. */
    masked: z.array(z.string()).readonly().exactOptional(),
  })
  .readonly();
export type DecisionRecord = z.infer<typeof DecisionRecord>;

/** A person's decision that was recorded and does not count; `approval.message` says why. */
export const RefusedApprovalRecord = z
  .strictObject({
    kind: z.literal('RefusedApproval'),
    id: z.string(),
    modelVersion: Subject,
    approval: ApprovalRecord,
    masked: z.array(z.string()).readonly().exactOptional(),
  })
  .readonly();
export type RefusedApprovalRecord = z.infer<typeof RefusedApprovalRecord>;

/** A policy that came in force: its sources by the digest that decisions name. */
export const PolicyRecord = z
  .strictObject({
    kind: z.literal('Policy'),
    /** The digest of the compiled policy. */
    id: z.string(),
    name: z.string(),
    /** Empty where the policy came compiled. */
    modules: z.record(z.string(), z.string()).readonly(),
    /** The compiled policy where it came as such: its bytes, packed by gzip, in base64. */
    wasm: z.string().exactOptional(),
    /** What a bundle brought along for the document `data`. */
    data: z.record(z.string(), z.unknown()).readonly().exactOptional(),
    /** Which bundle it is from. */
    bundle: z.strictObject({ digest: z.string(), revision: z.string() }).readonly().exactOptional(),
    masked: z.array(z.string()).readonly().exactOptional(),
  })
  .readonly();
export type PolicyRecord = z.infer<typeof PolicyRecord>;

/** One line of the record. */
export const AuditRecord = z.discriminatedUnion('kind', [DecisionRecord, RefusedApprovalRecord, PolicyRecord]);
export type AuditRecord = z.infer<typeof AuditRecord>;

/** @returns null where the status neither decides anew nor moves the stage. */
export function buildDecisionRecord(
  snapshot: Snapshot,
  results: PolicyResults,
  status: ModelVersionStatus,
): DecisionRecord | null {
  const { status: before } = snapshot.modelVersion;
  const { decision } = status;
  const transition = { from: before?.stage ?? 'None', to: status.stage ?? 'None' } as const;
  if (!decision || (decision.id === before?.decision?.id && transition.from === transition.to)) return null;
  const failures = Object.entries(results).flatMap(([name, result]) =>
    result.kind === 'error' ? [[name, result] as const] : [],
  );
  return {
    kind: 'Decision',
    id: identifyMove(decision.id, transition),
    modelVersion: buildSubject(snapshot.modelVersion),
    transition,
    decision,
    approvals: status.approvals ?? [],
    failures: Object.fromEntries(failures),
    snapshot,
  };
}

export function buildRefusedApprovalRecord(
  modelVersion: ModelVersion,
  approval: ApprovalRecord,
): RefusedApprovalRecord {
  return {
    kind: 'RefusedApproval',
    id: identifyRefusal(approval),
    modelVersion: buildSubject(modelVersion),
    approval,
  };
}

/** @returns the id that the record's content gives; null where its content is the compiler's business. */
export function identifyRecord(record: AuditRecord): string | null {
  switch (record.kind) {
    case 'Decision':
      return identifyMove(record.decision.id, record.transition);
    case 'RefusedApproval':
      return identifyRefusal(record.approval);
    case 'Policy':
      return null;
  }
}

function identifyMove(decision: string, transition: DecisionRecord['transition']): string {
  return digestOf({ decision, ...transition });
}

function identifyRefusal({ uid, stamp, reason, message }: ApprovalRecord): string {
  return digestOf({ uid, stamp, reason, message });
}

function buildSubject({ metadata, spec }: ModelVersion): z.infer<typeof Subject> {
  const { name, namespace = '', uid = '', generation = 1 } = metadata;
  return { namespace, name, uid, generation, model: spec.model, version: spec.version };
}
