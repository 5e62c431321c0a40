import type { AttestationSource, EvidenceReport, ModelVersion } from '../api/index.ts';
import type { PolicySnapshot, Snapshot } from './snapshot.ts';
import { type Attestation, createCheckBudget, readEvidenceKeys, verifyAttestation } from './verify-attestation.ts';

/** What an attestation that stands elsewhere holds, as far as it is known. */
export type EvidenceContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'pending' }
  | { readonly kind: 'unavailable'; readonly problem: string };

/** The door to what stands elsewhere. */
export type ReadEvidence = (source: AttestationSource, namespace: string) => EvidenceContent;

export interface GatheredEvidence {
  readonly attestations: readonly Attestation[];
  readonly reports: readonly EvidenceReport[];
  /** Something is being fetched: what it holds must not be decided without. */
  readonly pending: boolean;
}

const NOTHING: GatheredEvidence = { attestations: [], reports: [], pending: false };

/** @returns the statements among the version's evidence that hold, by the keys of the policies that judge it. */
export function gatherEvidence(
  { metadata, spec }: ModelVersion,
  policies: readonly Pick<PolicySnapshot, 'spec'>[],
  read: ReadEvidence,
): GatheredEvidence {
  const entries = (spec.evidence ?? []).flatMap(({ type, attestation }, entry) =>
    attestation ? [{ type, attestation, entry }] : [],
  );
  if (entries.length === 0) return NOTHING;
  const keys = readEvidenceKeys(policies.map((policy) => policy.spec.evidence));
  if (keys.size === 0) return NOTHING;

  const budget = createCheckBudget();
  const attestations: Attestation[] = [];
  const reports: EvidenceReport[] = [];
  let pending = false;
  for (const { type, attestation, entry } of entries) {
    const content = contentOf(attestation, metadata.namespace ?? '', read);
    if (content.kind === 'pending') pending = true;
    if (content.kind === 'unavailable')
      reports.push({ type, entry, outcome: 'Unavailable', message: content.problem.slice(0, MAX_MESSAGE) });
    if (content.kind !== 'bytes') continue;
    const { digest } = attestation;
    const verified = verifyAttestation(content.bytes, { digest, artifactDigest: spec.artifact?.digest, keys, budget });
    if (verified.kind === 'refused') {
      reports.push({ type, entry, outcome: 'Refused', message: verified.problem.slice(0, MAX_MESSAGE) });
      continue;
    }
    const { predicateType, keyId } = verified.statement;
    attestations.push({ type, ...verified.statement });
    reports.push({ type, entry, outcome: 'Verified', predicateType, keyId });
  }
  return { attestations, reports, pending };
}

/** @returns what a snapshot holds of it. */
export function buildFacts({ attestations, reports }: GatheredEvidence): Pick<Snapshot, 'verified' | 'evidence'> {
  return {
    verified: attestations.length > 0 ? { attestations } : {},
    ...(reports.length > 0 ? { evidence: reports } : {}),
  };
}

const MAX_MESSAGE = 1024;

function contentOf(source: AttestationSource, namespace: string, read: ReadEvidence): EvidenceContent {
  return source.inline === undefined ? read(source, namespace) : { kind: 'bytes', bytes: Buffer.from(source.inline) };
}
