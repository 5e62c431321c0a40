import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { inCrd } from './rule.ts';

/** `sha256:` and 64 hexadecimal digits. */
export const Digest = inCrd(
  z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a digest reads sha256: and 64 hexadecimal digits'),
  {
    maxLength: 71,
  },
);

/** How much one statement may have: an evaluation's result, not the data that it was made from. */
export const MAX_STATEMENT_BYTES = 64 * 1024;

const CONTENTS = ['inline', 'configMap', 'uri'] as const;
const ONE_CONTENT = `an attestation has exactly one of ${CONTENTS.join(', ')}`;
const DIGEST_NEEDED = 'what stands elsewhere is named by its digest: give attestation.digest, SHA-256 of the envelope';

/** Where a DSSE envelope with an in-toto statement is: https://github.com/in-toto/attestation */
export const AttestationSource = inCrd(
  z
    .strictObject({
      inline: z.string().min(1).max(MAX_STATEMENT_BYTES).optional().describe('The DSSE envelope, as JSON.'),
      configMap: z
        .strictObject({
          name: z.string().min(1).max(253).describe("The ConfigMap's name."),
          key: z.string().min(1).max(253).describe('The entry that holds the envelope.'),
        })
        .optional()
        .describe("A ConfigMap of the version's namespace."),
      uri: inCrd(
        z
          .string()
          .max(2048)
          .regex(/^(https|oci):\/\/./, 'an attestation is fetched from https://… or oci://…')
          .optional(),
        { description: 'https://… or oci://REGISTRY/REPOSITORY@sha256:…' },
      ),
      digest: Digest.optional().describe('SHA-256 of the envelope; needed unless it is inline.'),
    })
    .refine((source) => CONTENTS.filter((content) => source[content] !== undefined).length === 1, ONE_CONTENT)
    .refine(({ inline, digest }) => inline !== undefined || digest !== undefined, DIGEST_NEEDED),
  {
    'x-kubernetes-validations': [
      { rule: '[has(self.inline), has(self.configMap), has(self.uri)].exists_one(given, given)', message: ONE_CONTENT },
      { rule: 'has(self.inline) || has(self.digest)', message: DIGEST_NEEDED },
    ],
  },
);
export type AttestationSource = z.infer<typeof AttestationSource>;

const PEM = /^\s*-----BEGIN PUBLIC KEY-----[\s\S]+-----END PUBLIC KEY-----\s*$/;

const EvidenceKey = z.strictObject({
  name: z.string().min(1).max(253).describe('What policies see as the `key` of an attestation.'),
  publicKey: inCrd(
    z
      .string()
      .max(8192)
      .refine((text) => PEM.test(text) && isPublicKey(text), 'a public key in PEM: -----BEGIN PUBLIC KEY-----'),
    { description: 'Ed25519, ECDSA or RSA (2048 to 4096 bits), in PEM.', pattern: 'BEGIN PUBLIC KEY' },
  ),
});

/** Whose statements a policy believes. */
export const EvidenceTrust = z.strictObject({ keys: z.array(EvidenceKey).min(1).max(16).describe('Any of them.') });
export type EvidenceTrust = z.infer<typeof EvidenceTrust>;

function isPublicKey(text: string): boolean {
  try {
    createPublicKey(text);
    return true;
  } catch {
    return false;
  }
}

/** What became of one attestation of the version's evidence. */
export const EvidenceReport = z.strictObject({
  type: z.string().describe("The entry's type."),
  entry: z.number().int().describe('Its index in spec.evidence.'),
  outcome: z.enum(['Verified', 'Refused', 'Unavailable']).describe('Only Verified is told to policies.'),
  predicateType: z.string().optional().describe('What the statement says it is.'),
  keyId: z.string().optional().describe("SHA-256 of the public key's SPKI form."),
  message: z.string().optional().describe('Why it does not count.'),
});
export type EvidenceReport = z.infer<typeof EvidenceReport>;
