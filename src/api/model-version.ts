import { z } from 'zod';
import { Approvers } from './approvers.ts';
import { Condition } from './conditions.ts';
import { AttestationSource, Digest, EvidenceReport } from './evidence.ts';
import { Metadata } from './metadata.ts';
import { API_VERSION, VERDICTS } from './names.ts';
import { inCrd } from './rule.ts';
import { Stage } from './stage.ts';

function immutable(field: string) {
  const advice = `spec.${field} never changes: create another ModelVersion for another ${field}`;
  return { 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: advice }] };
}

const Artifact = z.strictObject({
  uri: z.string().min(1).max(2048),
  digest: Digest.optional(),
});

const Source = z.strictObject({
  runId: z.string().max(256).optional(),
  gitCommit: z.string().max(256).optional(),
  registry: z.string().max(253).optional(),
});

const NO_EVIDENCE = 'an entry of evidence has a uri, an attestation, or both';

const Evidence = inCrd(
  z
    .strictObject({
      type: z.string().min(1).max(253),
      uri: z.string().min(1).max(2048).optional(),
      digest: Digest.optional(),
      attestation: AttestationSource.optional(),
    })
    .refine(({ uri, attestation }) => uri !== undefined || attestation !== undefined, NO_EVIDENCE),
  { 'x-kubernetes-validations': [{ rule: 'has(self.uri) || has(self.attestation)', message: NO_EVIDENCE }] },
);

/** What a submitter says of one version of a model, and the stage asked for it. */
export const ModelVersionSpec = z.strictObject({
  model: inCrd(z.string().min(1).max(256), { description: "The registered model's name.", ...immutable('model') }),
  version: inCrd(z.string('version is a string: write version: "7"').min(1).max(64), {
    description: 'The version, a string.',
    ...immutable('version'),
  }),
  stage: Stage,
  metrics: inCrd(z.record(z.string(), z.number('a metric is a finite number')).optional(), {
    description: "The submitter's claim of the version's metrics: finite numbers.",
    maxProperties: 256,
  }),
  parameters: inCrd(z.record(z.string(), z.string('a parameter is a string: put it in quotes')).optional(), {
    description: 'Training parameters: strings, as MLflow keeps them.',
    maxProperties: 256,
  }),
  artifact: Artifact.optional(),
  source: Source.optional(),
  evidence: z.array(Evidence).max(64).optional(),
  approvers: Approvers.optional(),
  archiveExistingVersions: z
    .boolean()
    .optional()
    .describe('Archive the versions that the stage held before, as in MLflow.'),
});
export type ModelVersionSpec = z.infer<typeof ModelVersionSpec>;

/** How one policy judged this version. */
export const PolicyVerdict = z.strictObject({
  name: z.string(),
  generation: z.number().int(),
  digest: z.string(),
  outcome: z.enum(['allow', 'require', 'deny', 'error']),
  mode: z.literal('Shadow').optional().describe('Shadow: what the policy said decided nothing.'),
  reasons: z.array(z.string()),
  evaluationMicroseconds: z.number().int(),
});
export type PolicyVerdict = z.infer<typeof PolicyVerdict>;

/** A demand that people approve: `count` different persons out of `approvers`. */
export const RequirementStatus = z.strictObject({
  /** Empty: anyone who holds the RBAC verb `approve`. */
  approvers: z.array(z.string()),
  count: z.number().int().min(1),
  reason: z.string().optional(),
  approvedBy: z.array(z.string()),
});
export type RequirementStatus = z.infer<typeof RequirementStatus>;

const OUTCOMES = ['Approved', 'Pending', 'Rejected', 'Error'] as const;
export type DecisionOutcome = (typeof OUTCOMES)[number];

export const DecisionStatus = z.strictObject({
  id: z.string().describe('SHA-256 of what was decided: the same decision has the same id.'),
  generation: z.number().int().describe('The generation of the spec that was decided.'),
  outcome: z.enum(OUTCOMES),
  by: z.enum(['Policy', 'People']),
  reasons: z.array(z.string()),
  warnings: z.array(z.string()),
  policies: z.array(PolicyVerdict),
  policyNames: z.string().optional().describe('The names of the policies in one line, for people.'),
  requirements: z.array(RequirementStatus),
  inputDigest: z.string(),
  policyDigest: z.string(),
  now: z.string().describe('The time that the policies were given (RFC 3339).'),
  decidedAt: z.string(),
  signature: z
    .strictObject({ keyId: z.string(), value: z.string() })
    .optional()
    .describe("The operator's signature of the decision's statement (base64), and the SHA-256 of its public key."),
  waitingSince: z.string().optional().describe('Since when this generation waits; pendingTimeout counts from here.'),
});
export type DecisionStatus = z.infer<typeof DecisionStatus>;

/** One person's decision, with the identity that the API server vouches for. */
export const ApprovalRecord = z.strictObject({
  verdict: z.enum(VERDICTS),
  user: z.string(),
  groups: z.array(z.string()),
  generation: z.number().int(),
  uid: z
    .string()
    .describe('The uid of the version that was decided on: another one of the same name is another version.'),
  specDigest: z.string().describe('SHA-256 of the canonical spec that was approved.'),
  reason: z.string(),
  at: z.string(),
  stamp: z.string().describe('The text of the stamp; with the reason it tells two decisions apart.'),
  verified: z.boolean().describe('Whether the admission policies vouched for the stamp when it was recorded.'),
  counted: z.boolean().describe('False where the decision was recorded but does not count; message says why.'),
  message: z.string().optional(),
});
export type ApprovalRecord = z.infer<typeof ApprovalRecord>;

/** One move from a stage to a stage. */
export const TransitionRecord = z.strictObject({
  from: Stage,
  to: Stage,
  outcome: z.enum(OUTCOMES),
  generation: z.number().int(),
  decisionId: z.string(),
  at: z.string(),
  reason: z.string().describe('Why, as the condition Approved says it, or Superseded.'),
  previousDigest: z.string().describe('SHA-256 of the entry before this one; empty for the first.'),
});
export type TransitionRecord = z.infer<typeof TransitionRecord>;

/** What the operator read of this version in its model registry. */
export const RegistryReport = z.strictObject({
  registry: z.string().describe('The ModelRegistry.'),
  outcome: z.enum(['Read', 'Unavailable']),
  url: z.string().optional().describe('The server that was asked.'),
  runId: z.string().optional(),
  readAt: z.string().optional().describe('When this was read first.'),
  digest: z.string().optional().describe('SHA-256 of the metrics in canonical JSON.'),
  metrics: z.record(z.string(), z.number()).optional(),
  differences: z.array(z.string()).max(256).optional().describe('Where spec says something else than the registry.'),
  message: z.string().optional().describe('Why there is nothing.'),
});
export type RegistryReport = z.infer<typeof RegistryReport>;

/** What the model registry shows of the decision. */
export const ExportReport = z.strictObject({
  registry: z.string(),
  decisionId: z.string(),
  stage: Stage,
  at: z.string(),
});
export type ExportReport = z.infer<typeof ExportReport>;

export const ModelVersionStatus = z.strictObject({
  stage: Stage.optional(),
  observedGeneration: z.number().int().optional(),
  decision: DecisionStatus.optional(),
  approvals: z.array(ApprovalRecord).max(256).optional(),
  evidence: z.array(EvidenceReport).max(64).optional().describe('What became of each attestation.'),
  verified: RegistryReport.optional().describe('What the operator read itself in the model registry.'),
  exported: ExportReport.optional().describe('The decision that the model registry shows.'),
  history: z.array(TransitionRecord).max(50).optional(),
  conditions: inCrd(z.array(Condition).optional(), {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  }),
});
export type ModelVersionStatus = z.infer<typeof ModelVersionStatus>;

/** One version of a registered model, the stage asked for it, and the stage that a decision gave it. */
export const ModelVersion = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('ModelVersion'),
  metadata: Metadata,
  spec: ModelVersionSpec,
  status: ModelVersionStatus.optional(),
});
export type ModelVersion = z.infer<typeof ModelVersion>;
