import { z } from 'zod';
import { Approvers } from './approvers.ts';
import { Condition } from './conditions.ts';
import { Duration, Quantity } from './duration.ts';
import { EvidenceTrust } from './evidence.ts';
import { Metadata } from './metadata.ts';
import { NAMED_VALUES_RULE, namedValues } from './named-values.ts';
import { API_VERSION } from './names.ts';
import { isNestedWithin, MAX_DEPTH } from './nesting.ts';
import { checkSource, PolicyBundle, type PolicyScope, sourceRules } from './policy-bundle.ts';
import { inCrd } from './rule.ts';
import { Stage } from './stage.ts';

const SelectorExpression = z.strictObject({
  key: z.string().min(1).describe('The label.'),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How the label is compared with the values.'),
  values: z.array(z.string()).optional().describe('Of In and NotIn.'),
});

/** Kubernetes' LabelSelector. */
export const LabelSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional().describe('Labels with their values; all must be there.'),
  matchExpressions: z.array(SelectorExpression).optional().describe('What must hold of labels; all of it.'),
});
export type LabelSelector = z.infer<typeof LabelSelector>;

/** Which versions a policy judges. What is left out matches everything. */
const PolicyMatch = z.strictObject({
  models: z.array(z.string().min(1)).max(256).optional().describe('Model names; * stands for any characters.'),
  stages: z.array(Stage).max(4).optional().describe('The stages asked for.'),
  selector: LabelSelector.optional().describe("The version's labels."),
  namespaceSelector: LabelSelector.optional().describe("The namespace's labels."),
});

const Limits = z.strictObject({
  timeout: Duration.optional().describe(
    'Of one evaluation; 100ms where it is left out, 5s at most; more is taken for 5s.',
  ),
  memory: Quantity.optional().describe(
    "The policy's WebAssembly memory; 16Mi where it is left out, 256Mi at most; more is taken for 256Mi.",
  ),
  input: Quantity.optional().describe(
    'The input as JSON; 256Ki where it is left out, 4Mi at most; more is taken for 4Mi.',
  ),
});

const openObject = () =>
  inCrd(
    namedValues(z.unknown()).refine((value) => isNestedWithin(value, MAX_DEPTH), {
      message: `nested more than ${MAX_DEPTH} levels deep: make it flatter`,
    }),
    { 'x-kubernetes-preserve-unknown-fields': true },
  );

/** What a policy says besides its Rego: what a decision is made from, and a record keeps. */
export const PolicyRules = z.strictObject({
  match: PolicyMatch.optional().describe('Which versions it judges; all where it is left out.'),
  parameters: openObject().optional().describe('Becomes data.parameters.'),
  parametersSchema: openObject().optional().describe('JSON Schema of the parameters; a policy whose do not fit errs.'),
  data: openObject().optional().describe('Becomes data.'),
  approvers: Approvers.optional(),
  required: z.number().int().min(1).max(64).optional().describe('How many approvers; 1 where it is left out.'),
  separationOfDuties: z.boolean().optional().describe('Who submitted the version cannot approve it.'),
  pendingTimeout: Duration.optional().describe('An approval that nobody gave by then is a rejection.'),
  onReject: z.enum(['Archive', 'Keep']).optional().describe('What a rejection does to the stage; Archive by default.'),
  failurePolicy: z
    .enum(['Block', 'Manual'])
    .optional()
    .describe('What a policy means that cannot be asked: wait (Block, the default), or let people decide (Manual).'),
  mode: z.enum(['Enforce', 'Shadow']).optional().describe('Shadow: evaluated and reported, decides nothing.'),
  limits: Limits.optional().describe('What one evaluation may take.'),
  evidence: EvidenceTrust.optional().describe('Whose signed statements become input.verified.attestations.'),
});

const policySpec = (scope: PolicyScope) =>
  inCrd(
    PolicyRules.extend({
      modules: inCrd(namedValues(z.string()).optional(), {
        description: 'Rego modules by file name; all of package approval.',
        minProperties: 1,
        maxProperties: 64,
        'x-kubernetes-validations': [NAMED_VALUES_RULE],
      }),
      bundle: PolicyBundle.optional(),
    }).superRefine((spec, { addIssue }) => {
      const problem = checkSource(spec, scope);
      if (problem !== null) addIssue(problem);
    }),
    { 'x-kubernetes-validations': sourceRules(scope) },
  );

/** What a platform team says: which versions, by which rules, and who decides where the rules ask for people. */
export const ApprovalPolicySpec = policySpec('Namespaced');
export type ApprovalPolicySpec = z.infer<typeof ApprovalPolicySpec>;
export const ClusterApprovalPolicySpec = policySpec('Cluster');

/** One error of the Rego compiler. Lines and columns count from 1. */
const PolicyError = z.strictObject({
  file: z.string().describe('The module.'),
  line: z.number().int().describe('From 1 on.'),
  column: z.number().int().describe('From 1 on.'),
  code: z.string().describe("OPA's code, such as rego_parse_error."),
  message: z.string().describe('What is wrong.'),
});
export type PolicyError = z.infer<typeof PolicyError>;

const count = () => z.number().int().min(0);

/** How a policy has fared since its rules came in force; written now and then, not with every evaluation. */
const PolicyEvaluations = z.strictObject({
  rulesDigest: z.string().describe('SHA-256 of the rules and fields that the counts are of.'),
  allow: count().describe('How often it allowed.'),
  require: count().describe('How often it asked for people.'),
  deny: count().describe('How often it denied.'),
  error: count().describe('How often it gave no result.'),
  killed: count().describe('How often it was stopped at its deadline or its memory limit.'),
  slowestMicroseconds: count().describe('How long the slowest evaluation took.'),
  lastEvaluatedAt: z.string().optional().describe('When it was last evaluated.'),
});
export type PolicyEvaluations = z.infer<typeof PolicyEvaluations>;

export const ApprovalPolicyStatus = z.strictObject({
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation that the operator has looked at; -1: none yet.'),
  digest: z.string().optional().describe('SHA-256 of the compiled policy in force.'),
  bundle: z
    .strictObject({
      digest: z.string().describe('What spec.bundle.digest would pin.'),
      revision: z.string().optional().describe("As the bundle's manifest says it."),
      fetchedAt: z.string().describe('When it was fetched.'),
    })
    .optional()
    .describe('The bundle in force.'),
  builtins: z.array(z.string()).optional().describe('The builtins that the policy calls outside WebAssembly.'),
  reads: z.array(z.string()).optional().describe('The paths of input and data that the policy reads.'),
  errors: z.array(PolicyError).max(100).optional().describe('Why it does not compile.'),
  evaluations: PolicyEvaluations.optional().describe('Counts of evaluations by outcome.'),
  conditions: inCrd(z.array(Condition).optional(), {
    description: 'What holds of it now, and why.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  }),
});
export type ApprovalPolicyStatus = z.infer<typeof ApprovalPolicyStatus>;

const policyFields = { metadata: Metadata, status: ApprovalPolicyStatus.optional() };

/** A team's policy, for the versions of its namespace. */
export const ApprovalPolicy = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('ApprovalPolicy'),
  spec: ApprovalPolicySpec,
  ...policyFields,
});
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

/** The platform team's policy, for every namespace. */
export const ClusterApprovalPolicy = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('ClusterApprovalPolicy'),
  spec: ClusterApprovalPolicySpec,
  ...policyFields,
});
export type ClusterApprovalPolicy = z.infer<typeof ClusterApprovalPolicy>;

export type AnyApprovalPolicy = ApprovalPolicy | ClusterApprovalPolicy;
