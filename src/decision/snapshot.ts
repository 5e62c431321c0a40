import { z } from 'zod';
import { EvidenceReport, ModelVersion, PolicyRules, RegistryReport } from '../api/index.ts';
import { Attestation } from './verify-attestation.ts';

/** One policy that matches the version, as it stands at the moment of the decision. */
const PolicySnapshot = z
  .strictObject({
    /** `ClusterApprovalPolicy/NAME` or `ApprovalPolicy/NAME`. */
    name: z.string(),
    generation: z.number().int(),
    /** SHA-256 of the compiled policy in force; null where it never compiled. */
    digest: z.string().nullable(),
    /** Why there is no compiled policy, for people; null where there is one. */
    problem: z.string().nullable(),
    /** Whether its rules read `input.now`: time alone may change its answer. */
    readsClock: z.boolean(),
    spec: PolicyRules,
  })
  .readonly();
export type PolicySnapshot = z.infer<typeof PolicySnapshot>;

const Labels = z.record(z.string(), z.string()).readonly();

export const NamespaceSnapshot = z.strictObject({ name: z.string(), labels: Labels }).readonly();
export type NamespaceSnapshot = z.infer<typeof NamespaceSnapshot>;

/** Facts that the operator read itself. */
export const VerifiedFacts = z
  .strictObject({
    /** Of the registered version's own run, whatever the version says. */
    metrics: z.record(z.string(), z.number()).readonly().exactOptional(),
    /** Where they were read: whoever may write a ModelRegistry chooses the server. */
    registry: z.strictObject({ name: z.string(), url: z.string(), runId: z.string() }).readonly().exactOptional(),
    /** Of all policies that judge the version; each sees those by the keys that it names. */
    attestations: z.array(Attestation).readonly().exactOptional(),
  })
  .readonly();

/**
 * All that one decision depends on: frozen and JSON-serialisable, so that a recorded one decides the same again.
 */
export const Snapshot = z
  .strictObject({
    /** As stored, status included, without managedFields. */
    modelVersion: ModelVersion,
    namespace: NamespaceSnapshot,
    /** The matching policies, by name. */
    policies: z.array(PolicySnapshot).readonly(),
    /** The other version of the same model that the asked stage holds now. */
    champion: ModelVersion.nullable(),
    /** Why there is a champion and it cannot be read, for people: nothing is compared with it then. */
    championProblem: z.string().exactOptional(),
    /** The version that took this one's stage with `archiveExistingVersions`, by name. */
    supersededBy: z.string().nullable(),
    /** Whether the API server enforces the admission policies that make a stamp trustworthy. */
    approvalsVerified: z.boolean(),
    verified: VerifiedFacts,
    /** What became of each attestation that the version names. */
    evidence: z.array(EvidenceReport).readonly().exactOptional(),
    /** What became of the look into the model registry that the version names. */
    registry: RegistryReport.exactOptional(),
    /**
     * Whether the stamp of who submitted this generation is believed, where that is recorded now. Left out where it is
     * recorded, or no policy depends on it.
     */
    submission: z.enum(['Vouched', 'Doubted']).exactOptional(),
    /** RFC 3339. */
    now: z.string(),
  })
  .readonly();
export type Snapshot = z.infer<typeof Snapshot>;

/** An evaluation that gave no value. */
export const PolicyFailure = z
  .strictObject({
    kind: z.literal('error'),
    code: z.string(),
    message: z.string(),
    evaluationMicroseconds: z.number().int(),
  })
  .readonly();
export type PolicyFailure = z.infer<typeof PolicyFailure>;

/** What the runtime says of one policy's evaluation. */
export type PolicyResult =
  | { readonly kind: 'value'; readonly value: unknown; readonly evaluationMicroseconds: number }
  | PolicyFailure;

/** Results by policy name. */
export type PolicyResults = Readonly<Record<string, PolicyResult>>;
