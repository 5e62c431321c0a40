import { z } from 'zod';
import { Approvers } from './approvers.ts';
import { Condition } from './conditions.ts';
import { AttestationSource, Digest, EvidenceReport } from './evidence.ts';
import { Metadata } from './metadata.ts';
import { NAMED_VALUES_RULE, namedValues } from './named-values.ts';
import { API_VERSION, VERDICTS } from './names.ts';
import { inCrd } from './rule.ts';
import { Stage } from './stage.ts';

function immutable(field: string) {
  const advice = `spec.${field} never changes: create another ModelVersion for another ${field}`;
  return { 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: advice }] };
}

const Artifact = z.strictObject({
  uri: z.string().min(1).max(2048).describe('Where it is.'),
  digest: Digest.optional().describe('Its SHA-256: sha256: and 64 hexadecimal digits.'),
});

const Source = z.strictObject({
  runId: z.string().max(256).optional().describe('The run that made it, as MLflow names it.'),
  gitCommit: z.string().max(256).optional().describe('The commit that it was made from.'),
  registry: z.string().max(253).optional().describe('The ModelRegistry of the namespace that holds it.'),
});

const NO_EVIDENCE = 'an entry of evidence has a uri, an attestation, or both';

const Evidence = inCrd(
  z
    .strictObject({
      type: z.string().min(1).max(253).describe('What it is, such as evaluation or model-card.'),
      uri: z.string().min(1).max(2048).optional().describe('Where it is, for people and policies; nobody fetches it.'),
      digest: Digest.optional().describe('Its SHA-256.'),
      attestation: AttestationSource.optional().describe('A signed statement of it, which the operator verifies.'),
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
  metrics: inCrd(namedValues(z.number('a metric is a finite number')).optional(), {
    description: "The submitter's claim of the version's metrics: finite numbers.",
    maxProperties: 256,
    'x-kubernetes-validations': [NAMED_VALUES_RULE],
  }),
  parameters: inCrd(namedValues(z.string('a parameter is a string: put it in quotes')).optional(), {
    description: 'Training parameters: strings, as MLflow keeps them.',
    maxProperties: 256,
    'x-kubernetes-validations': [NAMED_VALUES_RULE],
  }),
  artifact: Artifact.optional().describe('The file or image that is the model.'),
  source: Source.optional().describe('What it was made by and from.'),
  evidence: z.array(Evidence).max(64).optional().describe('What speaks for it: reports, cards, signed statements.'),
  approvers: Approvers.optional(),
  archiveExistingVersions: z
    .boolean()
    .optional()
    .describe('Archive the versions that the stage held before, as in MLflow.'),
});
export type ModelVersionSpec = z.infer<typeof ModelVersionSpec>;

/** How one policy judged this version. */
export const PolicyVerdict = z.strictObject({
  name: z.string().describe('KIND/NAME.'),
  generation: z.number().int().describe('Its generation.'),
  digest: z.string().describe('SHA-256 of the compiled policy; empty where nothing is in force.'),
  outcome: z.enum(['allow', 'require', 'deny', 'error']).describe('What it said; require asks for people.'),
  mode: z.literal('Shadow').optional().describe('Shadow: what the policy said decided nothing.'),
  reasons: z.array(z.string()).describe('Why it said so.'),
  evaluationMicroseconds: z.number().int().describe('How long it took.'),
});
export type PolicyVerdict = z.infer<typeof PolicyVerdict>;

/** A demand that people approve: `count` different persons out of `approvers`. */
export const RequirementStatus = z.strictObject({
  approvers: z.array(z.string()).describe('Out of whom; empty: anyone who holds the RBAC verb approve.'),
  count: z.number().int().min(1).describe('How many different persons.'),
  reason: z.string().optional().describe('Why they are asked.'),
  approvedBy: z.array(z.string()).describe('Who of them has approved.'),
});
export type RequirementStatus = z.infer<typeof RequirementStatus>;

const OUTCOMES = ['Approved', 'Pending', 'Rejected', 'Error'] as const;
export type DecisionOutcome = (typeof OUTCOMES)[number];

export const DecisionStatus = z.strictObject({
  id: z.string().describe('SHA-256 of what was decided: the same decision has the same id.'),
  generation: z.number().int().describe('The generation of the spec that was decided.'),
  outcome: z.enum(OUTCOMES).describe('Approved and Rejected stand; Pending waits for people, Error for a policy.'),
  by: z.enum(['Policy', 'People']).describe('Who decided, or is to decide.'),
  reasons: z.array(z.string()).describe('Why, in the words of the policies that decided.'),
  warnings: z.array(z.string()).describe('What policies warn of; they decide nothing.'),
  policies: z.array(PolicyVerdict).describe('What each policy that matches said.'),
  policyNames: z.string().optional().describe('The names of the policies in one line, for people.'),
  requirements: z.array(RequirementStatus).describe('Which people must approve; all of them must be met.'),
  inputDigest: z.string().describe('SHA-256 of what the policies were asked.'),
  policyDigest: z.string().describe('SHA-256 of the policies with their settings.'),
  now: z.string().describe('The time that the policies were given (RFC 3339).'),
  decidedAt: z.string().describe('When it was decided (RFC 3339).'),
  signature: z
    .strictObject({
      keyId: z.string().describe("SHA-256 of the public key's SPKI form."),
      value: z.string().describe('Ed25519, base64.'),
    })
    .optional()
    .describe("The operator's signature of the decision's statement (base64), and the SHA-256 of its public key."),
  waitingSince: z.string().optional().describe('Since when this generation waits; pendingTimeout counts from here.'),
});
export type DecisionStatus = z.infer<typeof DecisionStatus>;

/** One person's decision, with the identity that the API server vouches for. */
export const ApprovalRecord = z.strictObject({
  verdict: z.enum(VERDICTS).describe('What was decided.'),
  user: z.string().describe('By whom.'),
  groups: z.array(z.string()).describe('The groups of the user at that time.'),
  generation: z.number().int().describe('The generation of the spec that was decided on.'),
  uid: z
    .string()
    .describe('The uid of the version that was decided on: another one of the same name is another version.'),
  specDigest: z.string().describe('SHA-256 of the canonical spec that was approved.'),
  reason: z.string().describe('The words of the annotation.'),
  at: z.string().describe('When it was recorded (RFC 3339).'),
  stamp: z.string().describe('The text of the stamp; with the reason it tells two decisions apart.'),
  verified: z.boolean().describe('Whether the admission policies vouched for the stamp when it was recorded.'),
  counted: z.boolean().describe('False where the decision was recorded but does not count; message says why.'),
  message: z.string().optional().describe('Why it does not count.'),
});
export type ApprovalRecord = z.infer<typeof ApprovalRecord>;

/** Who submitted a spec, as it was when the operator first depended on it. */
export const SubmissionRecord = z.strictObject({
  user: z.string().describe('Who wrote the spec.'),
  groups: z.array(z.string()).describe('The groups of the user at that time.'),
  generation: z.number().int().describe('The generation of the spec that was written.'),
  verified: z
    .boolean()
    .describe('Whether the admission policies vouched for the stamp; where false, nobody knows who submitted it.'),
  at: z.string().describe('When it was recorded (RFC 3339).'),
});
export type SubmissionRecord = z.infer<typeof SubmissionRecord>;

/** One move from a stage to a stage. */
export const TransitionRecord = z.strictObject({
  from: Stage,
  to: Stage,
  outcome: z.enum(OUTCOMES).describe('That of the decision.'),
  generation: z.number().int().describe('The generation of the spec that was decided.'),
  decisionId: z.string().describe('The id of the decision that moved it.'),
  at: z.string().describe('When it moved (RFC 3339).'),
  reason: z.string().describe('Why, as the condition Approved says it, or Superseded.'),
  previousDigest: z.string().describe('SHA-256 of the entry before this one; empty for the first.'),
});
export type TransitionRecord = z.infer<typeof TransitionRecord>;

/** What the operator read of this version in its model registry. */
export const RegistryReport = z.strictObject({
  registry: z.string().describe('The ModelRegistry.'),
  outcome: z.enum(['Read', 'Unavailable']).describe('Whether there was an answer.'),
  url: z.string().optional().describe('The server that was asked.'),
  runId: z.string().optional().describe('The run that the registry names.'),
  readAt: z.string().optional().describe('When this was read first.'),
  digest: z.string().optional().describe('SHA-256 of the metrics in canonical JSON.'),
  metrics: z.record(z.string(), z.number()).optional().describe('Those of the run.'),
  differences: z.array(z.string()).max(256).optional().describe('Where spec says something else than the registry.'),
  message: z.string().optional().describe('Why there is nothing.'),
});
export type RegistryReport = z.infer<typeof RegistryReport>;

/** What the model registry shows of the decision. */
export const ExportReport = z.strictObject({
  registry: z.string().describe('The ModelRegistry.'),
  decisionId: z.string().describe('Which decision.'),
  stage: Stage,
  at: z.string().describe('When it was shown.'),
});
export type ExportReport = z.infer<typeof ExportReport>;

export const ModelVersionStatus = z.strictObject({
  stage: Stage.optional(),
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation that the operator has looked at; -1: none yet.'),
  decision: DecisionStatus.optional().describe('What was decided of the newest generation that was judged.'),
  submission: SubmissionRecord.optional().describe('Who submitted it, where a policy depends on that.'),
  approvals: z.array(ApprovalRecord).max(256).optional().describe('What people decided, the oldest first.'),
  evidence: z.array(EvidenceReport).max(64).optional().describe('What became of each attestation.'),
  verified: RegistryReport.optional().describe('What the operator read itself in the model registry.'),
  exported: ExportReport.optional().describe('The decision that the model registry shows.'),
  history: z.array(TransitionRecord).max(50).optional().describe('Moves from stage to stage, the newest first.'),
  conditions: inCrd(z.array(Condition).optional(), {
    description: 'What holds of it now, and why.',
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
