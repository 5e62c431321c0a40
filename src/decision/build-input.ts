import { createPublicKey } from 'node:crypto';
import { GROUP, type ModelVersion, type ModelVersionSpec, type Stage } from '../api/index.ts';
import { publicKeyId } from './public-key-id.ts';
import type { PolicySnapshot, Snapshot } from './snapshot.ts';
import type { Submitter } from './stamp.ts';
import { findSubmitter } from './submission.ts';
import type { Attestation } from './verify-attestation.ts';

interface InputVersion {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: ModelVersionSpec;
}

/** What a policy sees as `input`. */
export interface PolicyInput {
  readonly modelVersion: InputVersion;
  readonly transition: { readonly from: Stage; readonly to: Stage };
  readonly champion: InputVersion | null;
  readonly namespace: Snapshot['namespace'];
  readonly submitter: Submitter | null;
  readonly verified: Omit<Snapshot['verified'], 'attestations'> & {
    readonly attestations?: readonly InputAttestation[];
  };
  readonly now: string;
}

/** A statement whose signature holds; `key` is the name that the policy has for who signed it. */
interface InputAttestation extends Attestation {
  readonly key?: string;
}

/**
 * @param policy sees the attestations by the keys that it names itself: what a team trusts is no fact for the platform;
 * without one, those of all
 * @returns the input of a policy; the submitter is null where nothing vouches for the stamp
 */
export function buildInput(snapshot: Snapshot, policy?: Pick<PolicySnapshot, 'spec'>): PolicyInput {
  const { modelVersion, champion, namespace, now } = snapshot;
  const verified = policy ? believe(snapshot.verified, policy.spec.evidence) : snapshot.verified;
  return {
    modelVersion: buildInputVersion(modelVersion),
    transition: { from: modelVersion.status?.stage ?? 'None', to: modelVersion.spec.stage },
    champion: champion && buildInputVersion(champion),
    namespace,
    submitter: findSubmitter(snapshot),
    verified,
    now,
  };
}

function believe(
  { attestations, ...facts }: Snapshot['verified'],
  trust: PolicySnapshot['spec']['evidence'],
): PolicyInput['verified'] {
  if (!attestations) return facts;
  const names = new Map(trust?.keys.map(({ name, publicKey }) => [publicKeyId(createPublicKey(publicKey)), name]));
  return {
    ...facts,
    attestations: attestations.flatMap((attestation) => {
      const key = names.get(attestation.keyId);
      return key === undefined ? [] : [{ ...attestation, key }];
    }),
  };
}

/** Leaves out our own annotations too: a person's approval must not change what the policies are asked. */
function buildInputVersion({ metadata, spec }: ModelVersion): InputVersion {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !isBookkeeping(key));
  return {
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      labels: metadata.labels ?? {},
      annotations: Object.fromEntries(annotations),
    },
    spec,
  };
}

function isBookkeeping(annotation: string): boolean {
  return annotation.startsWith(`${GROUP}/`) || annotation.startsWith('kubectl.kubernetes.io/');
}
