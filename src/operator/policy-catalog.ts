import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  type AnyApprovalPolicy,
  ApprovalPolicy,
  type ApprovalPolicySpec,
  ApprovalPolicyStatus,
  ClusterApprovalPolicy,
  findParameterProblems,
  listProblems,
  Metadata,
  type PolicyBundle,
  renderProblem,
} from '../api/index.ts';
import { digestOf, digestOnce, type PolicySnapshot } from '../decision/index.ts';
import { mergeData } from '../distribution/index.ts';
import type { CompiledPolicy, CompileError } from '../rego/index.ts';
import type { PolicyKind } from './ports.ts';

/** One policy as the operator knows it: what people wrote, and what of it is in force. */
export interface PolicyEntry {
  readonly kind: PolicyKind;
  readonly metadata: Metadata;
  /** Null where the object does not fit the schemas; then it matches everything and errs. */
  readonly spec: ApprovalPolicySpec | null;
  /** Where its parameters do not fit its `parametersSchema`: nothing of it is in force then. */
  readonly misfit: string | null;
  readonly source: PolicySource;
  readonly status: ApprovalPolicyStatus | undefined;
  readonly state: PolicyState;
}

/** Where a policy's Rego comes from. */
export type PolicySource =
  | { readonly kind: 'modules'; readonly modules: Readonly<Record<string, string>> }
  | { readonly kind: 'bundle'; readonly bundle: PolicyBundle };

/** Which bundle is in force, as the status tells it. */
export type BundleInForce = NonNullable<ApprovalPolicyStatus['bundle']>;

interface ParsedPolicy extends Omit<PolicyEntry, 'state'> {
  readonly problem: string | null;
}

export type PolicyState = { readonly inForce: CompiledPolicy | null; readonly bundle?: BundleInForce | undefined } & (
  | { readonly kind: 'unknown' }
  | { readonly kind: 'compiled'; readonly inForce: CompiledPolicy }
  | {
      readonly kind: 'failed';
      /** Undefined: the object itself is not valid. */
      readonly step?: FailedStep;
      readonly errors: readonly CompileError[];
      readonly problem: string;
    }
);

/** How far a policy came: fetched, believed, compiled. */
export type FailedStep = 'fetch' | 'verify' | 'compile';

/** A matching policy, ready to be evaluated. */
export interface PolicyInForce {
  readonly snapshot: PolicySnapshot;
  /** Null: the snapshot's problem says why. */
  readonly compiled: CompiledPolicy | null;
  readonly data: unknown;
  readonly dataDigest: string;
}

/** All policies of the cluster by key: `ApprovalPolicy/NAMESPACE/NAME` or `ClusterApprovalPolicy/NAME`. */
export interface PolicyCatalog {
  /** Takes in an object as stored. The state of a policy whose source changed is unknown until it is settled. */
  observe(kind: PolicyKind, object: unknown): void;
  forget(key: string): void;
  get(key: string): PolicyEntry | undefined;
  entries(): readonly PolicyEntry[];
  /** Says what came of a policy's source; nothing where it has changed meanwhile. */
  settle(key: string, source: PolicySource, state: PolicyState): void;
  /** @returns the policies that may judge the namespace's versions: the platform's and the namespace's own. */
  forNamespace(namespace: string): readonly PolicyEntry[];
  /** Whether any policy in force reads this part of `input`, such as `champion`. */
  anyReads(part: string): boolean;
}

export function createPolicyCatalog(): PolicyCatalog {
  const entries = new Map<string, PolicyEntry>();
  return {
    observe(kind, object) {
      const { metadata, spec, status: stored } = Observed.parse(object);
      const key = policyKey(kind, metadata);
      const before = entries.get(key);
      const status = ApprovalPolicyStatus.optional().safeParse(stored);
      if (before?.spec && status.success && isSameSpec(before, metadata, spec)) {
        entries.set(key, { ...before, metadata, status: status.data });
        return;
      }
      const { problem, ...entry } = parsePolicy(kind, object);
      // A policy made anew under an old name starts from nothing.
      const same = before?.metadata.uid === entry.metadata.uid ? before : undefined;
      const inForce = same?.state.inForce ?? null;
      const bundle = same?.state.bundle;
      if (problem !== null) {
        entries.set(key, { ...entry, state: { kind: 'failed', inForce, bundle, errors: [], problem } });
      } else {
        const unchanged = same?.spec && sameSource(same.source, entry.source);
        entries.set(key, { ...entry, state: unchanged ? same.state : { kind: 'unknown', inForce, bundle } });
      }
    },
    forget: (key) => void entries.delete(key),
    get: (key) => entries.get(key),
    entries: () => [...entries.values()],
    settle(key, source, state) {
      const entry = entries.get(key);
      if (entry && sameSource(entry.source, source)) entries.set(key, { ...entry, state });
    },
    forNamespace: (namespace) =>
      [...entries.values()].filter(
        ({ kind, metadata }) => kind === 'ClusterApprovalPolicy' || metadata.namespace === namespace,
      ),
    anyReads: (part) => [...entries.values()].some(({ state }) => state.inForce && readsInput(state.inForce, part)),
  };
}

const Observed = z.object({ metadata: Metadata, spec: z.unknown().optional(), status: z.unknown().optional() });

/**
 * The operator itself writes a status every few seconds, and of a spec that may be a megabyte more is built than it takes to
 * compare. The generation alone would not tell: in a cluster that was restored from a backup it comes again.
 */
function isSameSpec(before: PolicyEntry, { uid, generation }: Metadata, spec: unknown): boolean {
  const { metadata } = before;
  return metadata.uid === uid && metadata.generation === generation && isDeepStrictEqual(before.spec, spec);
}

export function policyKey(kind: PolicyKind, { name, namespace }: Metadata): string {
  return kind === 'ApprovalPolicy' ? `${kind}/${namespace}/${name}` : `${kind}/${name}`;
}

/** @returns the namespace of the policy with this key; '' for the platform's. */
export function namespaceOfPolicy(key: string): string {
  const [, namespace = '', name] = key.split('/');
  return name === undefined ? '' : namespace;
}

/** @returns the key of a policy that a snapshot names: those of a namespace judge its own versions alone. */
export function keyOfPolicy(name: string, namespace: string): string {
  const [kind, own] = name.split('/');
  return kind === 'ApprovalPolicy' ? `${kind}/${namespace}/${own}` : name;
}

/** @returns the policies as a decision needs them, by name. */
export function buildPoliciesInForce(entries: readonly PolicyEntry[]): readonly PolicyInForce[] {
  return entries.map(buildPolicyInForce).toSorted((a, b) => (a.snapshot.name < b.snapshot.name ? -1 : 1));
}

/**
 * What was built by a spec and what is in force of it: the data may be a megabyte to digest, or more to put together, and a
 * thousand versions are judged by the same policy.
 */
const built = new WeakMap<ApprovalPolicySpec, PolicyInForce & Pick<PolicyEntry, 'state'>>();

/** @returns the policy as a decision needs it. */
export function buildPolicyInForce(entry: PolicyEntry): PolicyInForce {
  const { spec, state } = entry;
  const known = spec && built.get(spec);
  if (known && known.state === state) return known;
  const fresh = { ...buildAnew(entry), state };
  if (spec) built.set(spec, fresh);
  return fresh;
}

function buildAnew({ kind, metadata, spec, misfit, state }: PolicyEntry): PolicyInForce {
  const { modules: _, bundle: __, ...rules } = spec ?? {};
  const { inForce } = state;
  // A spec that cannot be read may have named other people or limits: the last good rules are not enough then.
  const usable = spec === null || misfit !== null ? null : inForce;
  return {
    snapshot: {
      name: `${kind}/${metadata.name}`,
      generation: metadata.generation ?? 1,
      digest: usable?.digest ?? null,
      problem: usable ? null : (misfit ?? (state.kind === 'failed' ? state.problem : 'the policy is not compiled')),
      readsClock: usable !== null && readsInput(usable, 'now'),
      spec: rules,
    },
    compiled: usable,
    ...buildPolicyData(rules, usable),
  };
}

/** @returns the document `data` that the policy sees: what its bundle brought along, and on top what the policy says. */
export function buildPolicyData(
  { data: own, parameters = {} }: PolicySnapshot['spec'],
  compiled: CompiledPolicy | null,
): Pick<PolicyInForce, 'data' | 'dataDigest'> {
  const said = { ...own, parameters };
  if (!compiled?.data) return { data: said, dataDigest: digestOf(said) };
  // The policy's digest names what came along: it may be large, and this is done for each decision.
  const dataDigest = digestOf({ policy: compiled.digest, said });
  return { data: mergeData(compiled.data, said, (_at, _brought, other) => other), dataDigest };
}

/** @returns whether the policy's rules read this part of `input`, such as `champion`; `input` alone means all of it. */
export function readsInput({ reads }: CompiledPolicy, part: string): boolean {
  const path = `input.${part}`;
  return reads.some(
    (read) => read === 'input' || read === path || read.startsWith(`${path}.`) || read.startsWith(`${path}[`),
  );
}

function parsePolicy(kind: PolicyKind, object: unknown): ParsedPolicy {
  const parsed = (kind === 'ApprovalPolicy' ? ApprovalPolicy : ClusterApprovalPolicy).safeParse(object);
  if (parsed.success) {
    const { metadata, spec, status }: AnyApprovalPolicy = parsed.data;
    return { kind, metadata, spec, misfit: describeMisfit(spec), source: sourceOf(spec), status, problem: null };
  }
  const { metadata } = z.object({ metadata: Metadata }).parse(object);
  const problems = listProblems(parsed.error).map(renderProblem);
  const problem = `the policy is not valid: ${problems.join('; ')}`;
  const source: PolicySource = { kind: 'modules', modules: {} };
  return { kind, metadata, spec: null, misfit: null, source, status: undefined, problem };
}

function describeMisfit(spec: ApprovalPolicySpec): string | null {
  const problems = findParameterProblems(spec).map((problem) => `spec.${renderProblem(problem)}`);
  return problems.length > 0 ? `its parameters do not fit spec.parametersSchema: ${problems.join('; ')}` : null;
}

function sourceOf({ modules = {}, bundle }: ApprovalPolicySpec): PolicySource {
  return bundle ? { kind: 'bundle', bundle } : { kind: 'modules', modules };
}

function sameSource(a: PolicySource, b: PolicySource): boolean {
  if (a.kind === 'bundle' || b.kind === 'bundle') return digestOf(a) === digestOf(b);
  const files = Object.keys(a.modules);
  return files.length === Object.keys(b.modules).length && files.every((file) => a.modules[file] === b.modules[file]);
}

/** @returns what changes when the policy judges otherwise: its rules, and what is in force of them. */
export function fingerprintPolicy({ spec, state }: PolicyEntry): string {
  return digestOf({ spec: spec && digestOnce(spec), state: state.kind, inForce: state.inForce?.digest });
}
