import type { z } from 'zod';
import { listProblems, Metadata, ModelVersion, renderProblem } from '../api/index.ts';
import {
  buildFacts,
  buildRegistryFacts,
  describeIssues,
  gatherEvidence,
  isSettled,
  type PolicySnapshot,
  type Snapshot,
  selectPolicies,
  snapshotToAsk,
} from '../decision/index.ts';
import { renderJson } from '../kube/index.ts';
import type { ModelVersionIndex } from './model-version-index.ts';
import {
  buildPoliciesInForce,
  type PolicyCatalog,
  type PolicyEntry,
  type PolicyInForce,
  readsInput,
} from './policy-catalog.ts';
import type { Clock, EvidenceReader, ModelVersionCache, NamespaceCache, RegistryReader } from './ports.ts';
import { RECORDED_REGISTRY } from './recorded-registry.ts';

/** An object that etcd refuses would have no status, and nobody would see why: spec, approvals and answers share 1.5 MiB. */
const MAX_SPEC_BYTES = 512 * 1024;

export interface SnapshotSources {
  readonly versions: ModelVersionCache;
  readonly index: ModelVersionIndex;
  readonly namespaces: NamespaceCache;
  readonly policies: PolicyCatalog;
  readonly clock: Clock;
  readonly evidence: EvidenceReader;
  readonly registries: RegistryReader;
  /** Whether the admission policies are in force now. */
  readonly approvalsVerified: boolean;
  /** Whether the stamp of who submitted it is believed, where that is to be recorded. */
  readonly submission?: NonNullable<Snapshot['submission']>;
}

export type Gathered =
  | { readonly kind: 'gone' }
  /** Something that the decision depends on is not known yet; `why` is for the log. */
  | { readonly kind: 'unready'; readonly why: string }
  | { readonly kind: 'invalid'; readonly stored: ModelVersion; readonly problems: readonly string[] }
  | {
      readonly kind: 'snapshot';
      readonly snapshot: Snapshot;
      /** What the policies are to be asked about; null: nothing, or nothing now. */
      readonly asked: Snapshot | null;
      /** Why they cannot be asked now about what stands; null: they can, or nobody asks them. */
      readonly withheld: string | null;
      readonly policies: readonly PolicyInForce[];
      /** Whether the rules of one of them read who submitted it. */
      readonly readsSubmitter: boolean;
      /** Whether, where people decide, who submitted it is none of them. */
      readonly separatesDuties: boolean;
    };

/**
 * Reads everything that a decision on this version depends on, at one moment: a policy that is not yet known must
 * not be a policy that does not exist.
 */
export function gatherSnapshot(key: string, sources: SnapshotSources): Gathered {
  const object = sources.versions.get(key);
  if (object === undefined) return { kind: 'gone' };
  const parsed = ModelVersion.safeParse(object);
  if (!parsed.success) return explainInvalid(object, parsed.error);
  const modelVersion = parsed.data;
  const specBytes = Buffer.byteLength(renderJson(modelVersion.spec));
  if (specBytes > MAX_SPEC_BYTES)
    return invalid(object, [
      `spec: it takes ${Math.ceil(specBytes / 1024)} KiB, and at most ${MAX_SPEC_BYTES / 1024} KiB leave room for its status: keep what is large elsewhere, and name it in spec.evidence`,
    ]);
  // A deletion that a finalizer holds up is a new generation that nobody submitted: nothing is decided on it any more.
  if (modelVersion.metadata.deletionTimestamp !== undefined) return { kind: 'gone' };
  const { namespace = '' } = modelVersion.metadata;
  if (sources.namespaces.isTerminating?.(namespace)) return { kind: 'gone' };
  const labels = sources.namespaces.labels(namespace);
  if (!labels) return { kind: 'unready', why: `namespace ${namespace} is not known yet` };

  const entries = sources.policies.forNamespace(namespace).map((entry) => ({ entry, spec: entry.spec ?? {} }));
  const selected = selectPolicies(modelVersion, { name: namespace, labels }, entries);
  const unknown = selected.find(({ entry }) => entry.state.kind === 'unknown');
  // What is decided is not decided by it: a revocation must not wait for a policy whose author never finishes it.
  const settled = isSettled(modelVersion);
  if (unknown && !settled) return { kind: 'unready', why: `policy ${unknown.entry.metadata.name} is being compiled` };

  const inForce = buildPoliciesInForce(selected.map(({ entry }) => entry));
  const policies = inForce.map(({ snapshot }): PolicySnapshot => snapshot);
  const facts = settled ? NO_FACTS : gatherFacts(key, modelVersion, policies, sources);
  if (facts.kind === 'pending') return { kind: 'unready', why: facts.why };
  const championKey = sources.index.champion(key, modelVersion.spec.model, modelVersion.spec.stage);
  const summary = sources.versions.summary(key);
  const supersededBy = summary && sources.index.supersededBy(key, summary);
  const snapshot: Snapshot = Object.freeze({
    modelVersion,
    namespace: { name: namespace, labels },
    policies,
    ...readChampion(championKey, sources),
    supersededBy: supersededBy?.slice(supersededBy.indexOf('/') + 1) ?? null,
    approvalsVerified: sources.approvalsVerified,
    ...(sources.submission ? { submission: sources.submission } : {}),
    ...facts.facts,
    now: sources.clock(),
  });
  const asked = settled ? gatherStanding(key, snapshot, unknown?.entry, sources) : { asked: snapshot, withheld: null };
  return {
    kind: 'snapshot',
    snapshot,
    ...asked,
    policies: inForce,
    readsSubmitter: !settled && inForce.some(({ compiled }) => compiled !== null && readsInput(compiled, 'submitter')),
    separatesDuties: !settled && policies.some(({ spec }) => spec.separationOfDuties === true),
  };
}

type Asked = Pick<Extract<Gathered, { kind: 'snapshot' }>, 'asked' | 'withheld'>;

/** @returns what the policies of today are asked about a decision that stands */
function gatherStanding(
  key: string,
  snapshot: Snapshot,
  unknown: PolicyEntry | undefined,
  sources: SnapshotSources,
): Asked {
  const recalled = snapshotToAsk(snapshot);
  if (!recalled) return { asked: null, withheld: null };
  if (unknown) return { asked: null, withheld: `policy ${unknown.metadata.name} is being compiled` };
  // The run as it was when it was decided: what the registry says of it since then is no change of a policy.
  const known = { evidence: sources.evidence, registries: RECORDED_REGISTRY };
  const facts = gatherFacts(key, recalled.modelVersion, recalled.policies, known);
  if (facts.kind === 'pending' || facts.facts.evidence?.some(({ outcome }) => outcome === 'Unavailable'))
    return { asked: null, withheld: 'its evidence is not at hand' };
  const summary = sources.versions.summary(key);
  const followed = summary && sources.index.predecessor(key, summary);
  const asked = Object.freeze({ ...recalled, ...facts.facts, ...readChampion(followed, sources) });
  return { asked, withheld: null };
}

type GatheredFacts =
  | { readonly kind: 'facts'; readonly facts: Pick<Snapshot, 'verified' | 'evidence' | 'registry'> }
  | { readonly kind: 'pending'; readonly why: string };

const NO_FACTS: GatheredFacts = { kind: 'facts', facts: { verified: {} } };

function gatherFacts(
  key: string,
  modelVersion: ModelVersion,
  policies: readonly PolicySnapshot[],
  { evidence, registries }: Pick<SnapshotSources, 'evidence' | 'registries'>,
): GatheredFacts {
  const gathered = gatherEvidence(modelVersion, policies, (source, where) => evidence.read(key, source, where));
  if (gathered.pending) return { kind: 'pending', why: 'its evidence is being fetched' };
  const content = registries.read(key, modelVersion);
  if (content.kind === 'pending') return { kind: 'pending', why: 'its run is being read in the model registry' };
  const registry = buildRegistryFacts(modelVersion, content);
  const facts = buildFacts(gathered);
  return { kind: 'facts', facts: { ...facts, ...registry, verified: { ...facts.verified, ...registry.verified } } };
}

/** One that cannot be read is not one that does not exist: whatever is compared with it would pass. */
function readChampion(
  key: string | undefined,
  { versions }: Pick<SnapshotSources, 'versions'>,
): Pick<Snapshot, 'champion' | 'championProblem'> {
  if (key === undefined) return { champion: null };
  const parsed = ModelVersion.safeParse(versions.get(key));
  if (parsed.success) return { champion: parsed.data };
  const name = key.slice(key.indexOf('/') + 1);
  return { champion: null, championProblem: `${name} cannot be read: ${describeIssues(parsed.error)}` };
}

function explainInvalid(object: unknown, error: z.ZodError): Gathered {
  return invalid(object, listProblems(error).map(renderProblem));
}

/** Reads what an invalid version still has; a status that cannot be read is no input of anyone, and must be seen to. */
function invalid(object: unknown, problems: readonly string[]): Gathered {
  const stored = ModelVersion.omit({ spec: true }).loose().safeParse(object);
  if (!stored.success) throw new Error(`the stored object cannot be read: ${problems.join('; ')}`);
  const { apiVersion, kind, metadata, status } = stored.data;
  const spec = { model: '', version: '', stage: 'None' } as const;
  return { kind: 'invalid', problems, stored: { apiVersion, kind, metadata: Metadata.parse(metadata), spec, status } };
}
