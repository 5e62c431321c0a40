import type { ApprovalPolicySpec, ModelVersion } from '../api/index.ts';

/** One policy that matches the version, as it stands at the moment of the decision. */
export interface PolicySnapshot {
  /** `ClusterApprovalPolicy/NAME` or `ApprovalPolicy/NAME`. */
  readonly name: string;
  readonly generation: number;
  /** SHA-256 of the compiled policy in force; null where it never compiled. */
  readonly digest: string | null;
  /** Why there is no compiled policy, for people; null where there is one. */
  readonly problem: string | null;
  /** Whether its rules read `input.now`: time alone may change its answer. */
  readonly readsClock: boolean;
  readonly spec: Omit<ApprovalPolicySpec, 'modules'>;
}

export interface NamespaceSnapshot {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Facts that the operator read itself. */
export interface VerifiedFacts {
  readonly metrics?: Readonly<Record<string, number>>;
}

/**
 * All that one decision depends on: frozen and JSON-serialisable, so that a recorded one decides the same again.
 */
export interface Snapshot {
  /** As stored, status included, without managedFields. */
  readonly modelVersion: ModelVersion;
  readonly namespace: NamespaceSnapshot;
  /** The matching policies, by name. */
  readonly policies: readonly PolicySnapshot[];
  /** The other version of the same model that the asked stage holds now. */
  readonly champion: ModelVersion | null;
  /** The version that took this one's stage with `archiveExistingVersions`, by name. */
  readonly supersededBy: string | null;
  /** Whether the API server enforces the admission policies that make a stamp trustworthy. */
  readonly approvalsVerified: boolean;
  readonly verified: VerifiedFacts;
  /** RFC 3339. */
  readonly now: string;
}

/** What the runtime says of one policy's evaluation. */
export type PolicyResult =
  | { readonly kind: 'value'; readonly value: unknown; readonly evaluationMicroseconds: number }
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly message: string;
      readonly evaluationMicroseconds: number;
    };

/** Results by policy name. */
export type PolicyResults = Readonly<Record<string, PolicyResult>>;
