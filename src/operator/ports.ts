import type {
  ApprovalPolicyStatus,
  AttestationSource,
  ModelVersion,
  ModelVersionStatus,
  PolicyBundle,
  StageApprovalsStatus,
} from '../api/index.ts';
import type { AuditRecord, EvidenceContent, PlannedEvent, RegistryContent } from '../decision/index.ts';
import type { BundleState, FetchedBundle } from '../distribution/index.ts';
import type { CompiledPolicy, CompileResult, EvaluationRequest, EvaluationResult, PolicyData } from '../rego/index.ts';
import type { ModelVersionSummary } from './model-version-summary.ts';

/** The stored ModelVersions, as the watch tells them. Keys read NAMESPACE/NAME. */
export interface ModelVersionCache {
  /** @returns the object as stored, unchecked, or undefined where there is none. */
  get(key: string): unknown;
  summary(key: string): ModelVersionSummary | undefined;
  keys(): Iterable<string>;
}

/** The labels of the namespaces, as the watch tells them. */
export interface NamespaceCache {
  /** @returns undefined where the namespace is not known (yet). */
  labels(name: string): Readonly<Record<string, string>> | undefined;
  /** Whether the namespace is being deleted: its policies may be gone before its versions. Left out: none is. */
  isTerminating?(name: string): boolean;
}

/** Compiles policies; every failure is a value. */
export interface PolicyCompiler {
  compile(modules: Readonly<Record<string, string>>, options?: { readonly data?: PolicyData }): Promise<CompileResult>;
  /** Takes a policy that came compiled, after a look at what it is. */
  adopt(wasm: Uint8Array, options?: { readonly data?: PolicyData }): Promise<CompileResult>;
  /** @returns an earlier result by its digest, where it is still kept. */
  load(digest: string): Promise<CompiledPolicy | null>;
}

/** Fetches bundles and checks them. */
export interface BundleFetcher {
  /**
   * @param known what an earlier fetch of the same source gave
   * @throws BundleError
   */
  fetch(policy: BundlePolicy, known: BundleState | undefined): Promise<FetchedBundle>;
}

/** A policy whose rules are in a bundle. */
export interface BundlePolicy {
  /** Undefined for a ClusterApprovalPolicy. */
  readonly namespace: string | undefined;
  readonly bundle: PolicyBundle;
}

/** Evaluates one policy under its limits; every failure is a value. */
export interface PolicyEvaluator {
  evaluate(request: EvaluationRequest): Promise<EvaluationResult>;
}

/** What attestations hold that stand outside the versions. */
export interface EvidenceReader {
  /** @param key of the version that asks: it comes back when something new is known */
  read(key: string, source: AttestationSource, namespace: string): EvidenceContent;
}

/** What model registries hold of the versions that name one. */
export interface RegistryReader {
  /** @param key of the version that asks: it comes back when something new is known */
  read(key: string, version: ModelVersion): RegistryContent;
}

/** Told of every change of the versions. */
export interface VersionObserver {
  /** @param summary undefined: the version is gone */
  observe(key: string, summary: ModelVersionSummary | undefined): void;
}

/** Which object a write is for, and which state of it the write was made from. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export type PolicyKind = 'ApprovalPolicy' | 'ClusterApprovalPolicy';

/**
 * The single door for writes. A write made from a stale state throws, and nothing is changed; else it returns the
 * resourceVersion that it made.
 */
export interface StatusWriter {
  /**
   * @param from the version that the status was made from; whoever edits only its labels and annotations makes it stale for
   * an approval, and for nothing else
   */
  writeModelVersionStatus(from: ModelVersion, status: ModelVersionStatus): Promise<string>;
  writePolicyStatus(kind: PolicyKind, ref: ObjectRef, status: ApprovalPolicyStatus): Promise<string>;
}

/** The single door for what the deployment guard goes by. Each write throws where the object has changed meanwhile. */
export interface StageApprovalsWriter {
  /** Creates the namespace's object, with nothing in it: until it has a status, the guard refuses. */
  create(namespace: string): Promise<ObjectRef>;
  /** @returns the resourceVersion that it made. */
  writeStatus(ref: ObjectRef, status: StageApprovalsStatus): Promise<string>;
  delete(namespace: string): Promise<void>;
}

/** Kubernetes Events: best effort, never in the way of a decision. */
export interface EventRecorder {
  record(kind: PolicyKind | 'ModelVersion', ref: ObjectRef, event: PlannedEvent): void;
}

/** Where decisions are recorded before they take effect. A retry records the same id again. */
export interface RecordLog {
  /** Resolves when the record cannot be lost any more; waits where the log cannot keep up. */
  record(record: AuditRecord): void | Promise<void>;
}

/** Signs decisions, with a key whose public part anybody may have. */
export interface DecisionSigner {
  /** @returns null where there is no key (yet). */
  sign(bytes: Uint8Array): { readonly keyId: string; readonly signature: string } | null;
}

/** @returns the time as RFC 3339 with milliseconds. */
export type Clock = () => string;
