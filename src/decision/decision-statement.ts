import type { ApprovalRecord, ModelVersion, ModelVersionStatus } from '../api/index.ts';
import { renderCanonicalJson } from './canonical.ts';
import { type DsseEnvelope, encodeForSigning } from './dsse.ts';
import { isFinal } from './is-final.ts';
import { digestSpec } from './record-approval.ts';

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** Documented in docs/records.md. */
const DECISION_PREDICATE_TYPE = 'https://assent.dev/attestations/decision/v1alpha1';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** A statement, ready to be signed and to be put into an envelope. */
export interface UnsignedStatement {
  readonly payload: Uint8Array;
  /** What the key signs. */
  readonly toSign: Uint8Array;
}

/**
 * The statement that this generation of the version was approved or rejected: an in-toto statement whose subject is the
 * artifact, where it has a digest, and the spec. Made of nothing but the version and its status, so that anybody who
 * sees them can make it again, byte for byte, and check the signature that the status carries.
 *
 * @returns null where the decision is not final, or the spec has changed since
 */
export function buildDecisionStatement(version: ModelVersion, status: ModelVersionStatus): UnsignedStatement | null {
  const { metadata, spec } = version;
  const { decision } = status;
  const { name, namespace = '', uid = '', generation = 1 } = metadata;
  if (!decision || decision.generation !== generation || !isFinal(decision)) return null;
  const specDigest = digestSpec(version);
  const { artifact } = spec;
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [
      ...(artifact?.digest ? [{ name: artifact.uri, digest: toDigestSet(artifact.digest) }] : []),
      { name: `modelversions/${namespace}/${name}`, digest: toDigestSet(specDigest) },
    ],
    predicateType: DECISION_PREDICATE_TYPE,
    predicate: {
      modelVersion: { namespace, name, uid, generation, model: spec.model, version: spec.version },
      specDigest,
      requestedStage: spec.stage,
      decisionId: decision.id,
      outcome: decision.outcome,
      by: decision.by,
      reasons: decision.reasons,
      approvals: (status.approvals ?? [])
        .filter((record) => isPartOf(record, generation, decision.decidedAt))
        .map(toPerson),
      policies: decision.policies.map(({ name: policy, digest, outcome, mode }) => ({
        name: policy,
        digest,
        outcome,
        mode,
      })),
      inputDigest: decision.inputDigest,
      policyDigest: decision.policyDigest,
      decidedAt: decision.decidedAt,
    },
  };
  const payload = Buffer.from(renderCanonicalJson(statement));
  return { payload, toSign: encodeForSigning(PAYLOAD_TYPE, payload) };
}

/** @param signature base64 */
export function buildEnvelope(
  { payload }: UnsignedStatement,
  { keyId, signature }: { readonly keyId: string; readonly signature: string },
): DsseEnvelope {
  return {
    payloadType: PAYLOAD_TYPE,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: keyId, sig: signature }],
  };
}

/** What was recorded later, and counts for nothing, is no part of the decision. */
function isPartOf({ counted, generation, at }: ApprovalRecord, decided: number, decidedAt: string): boolean {
  return counted && generation === decided && at <= decidedAt;
}

function toPerson({ verdict, user, groups, reason, at, stamp }: ApprovalRecord) {
  return { verdict, user, groups, reason, at, stamp };
}

function toDigestSet(digest: string): { readonly sha256: string } {
  return { sha256: digest.slice('sha256:'.length) };
}
