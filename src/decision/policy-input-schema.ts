import { z } from 'zod';
import { ModelVersionSpec, Stage } from '../api/index.ts';
import type { PolicyInput } from './build-input.ts';
import { NamespaceSnapshot, VerifiedFacts } from './snapshot.ts';
import { Attestation } from './verify-attestation.ts';

const Labels = z.record(z.string(), z.string());

const InputVersion = z.strictObject({
  metadata: z.strictObject({ name: z.string(), namespace: z.string(), labels: Labels, annotations: Labels }),
  spec: ModelVersionSpec,
});

const InputAttestation = z.strictObject({ ...Attestation.unwrap().shape, key: z.string().exactOptional() });

/** What `buildInput` builds, as a schema: which paths of `input` a policy can read. */
export const PolicyInputSchema = z.strictObject({
  modelVersion: InputVersion,
  transition: z.strictObject({ from: Stage, to: Stage }),
  champion: InputVersion.nullable(),
  namespace: NamespaceSnapshot,
  submitter: z.strictObject({ user: z.string(), groups: z.array(z.string()) }).nullable(),
  verified: z.strictObject({
    ...VerifiedFacts.unwrap().shape,
    attestations: z.array(InputAttestation).readonly().exactOptional(),
  }),
  now: z.string(),
}) satisfies z.ZodType<PolicyInput>;

/**
 * @returns the JSON schema of `input` for OPA's type checker. Maps whose names people choose (metrics, parameters,
 * labels) are objects without properties, which it takes for open ones. A value that may be null is described as if it
 * never were: beside null the checker takes anything.
 */
export function buildPolicyInputJsonSchema(): unknown {
  return z.toJSONSchema(PolicyInputSchema, {
    target: 'draft-7',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      const [described, ...others] = (jsonSchema.anyOf ?? []).filter(({ type }) => type !== 'null');
      if (described && others.length === 0) {
        delete jsonSchema.anyOf;
        Object.assign(jsonSchema, described);
      }
    },
  });
}
