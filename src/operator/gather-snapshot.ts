import type { z } from 'zod';
import { Metadata, ModelVersion } from '../api/index.ts';
import {
  buildFacts,
  buildRegistryFacts,
  gatherEvidence,
  isSettled,
  type PolicySnapshot,
  type Snapshot,
  selectPolicies,
} from '../decision/index.ts';
import type { ModelVersionIndex } from './model-version-index.ts';
import { buildPolicyInForce, type PolicyCatalog, type PolicyInForce } from './policy-catalog.ts';
import type { Clock, EvidenceReader, ModelVersionCache, NamespaceCache, RegistryReader } from './ports.ts';

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
}

export type Gathered =
  | { readonly kind: 'gone' }
  /** Something that the decision depends on is not known yet; `why` is for the log. */
  | { readonly kind: 'unready'; readonly why: string }
  | { readonly kind: 'invalid'; readonly stored: ModelVersion; readonly problems: readonly string[] }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly policies: readonly PolicyInForce[] };

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
  // A deletion that a finalizer holds up is a new generation that nobody submitted: nothing is decided on it any more.
  if (modelVersion.metadata.deletionTimestamp !== undefined) return { kind: 'gone' };
  const { namespace = '' } = modelVersion.metadata;
  const labels = sources.namespaces.labels(namespace);
  if (!labels) return { kind: 'unready', why: `namespace ${namespace} is not known yet` };

  const entries = sources.policies.forNamespace(namespace).map((entry) => ({ entry, spec: entry.spec ?? {} }));
  const selected = selectPolicies(modelVersion, { name: namespace, labels }, entries);
  const unknown = selected.find(({ entry }) => entry.state.kind === 'unknown');
  if (unknown) return { kind: 'unready', why: `policy ${unknown.entry.metadata.name} is being compiled` };

  const policies = selected
    .map(({ entry }) => buildPolicyInForce(entry))
    .toSorted((a, b) => (a.snapshot.name < b.snapshot.name ? -1 : 1));
  const snapshots = policies.map(({ snapshot }): PolicySnapshot => snapshot);
  const settled = isSettled(modelVersion);
  const evidence = settled
    ? null
    : gatherEvidence(modelVersion, snapshots, (source, where) => sources.evidence.read(key, source, where));
  if (evidence?.pending) return { kind: 'unready', why: 'its evidence is being fetched' };
  const content = settled ? ({ kind: 'none' } as const) : sources.registries.read(key, modelVersion);
  if (content.kind === 'pending') return { kind: 'unready', why: 'its run is being read in the model registry' };
  const registry = buildRegistryFacts(modelVersion, content);
  const facts = buildFacts(evidence);
  const championKey = sources.index.champion(key, modelVersion.spec.model, modelVersion.spec.stage);
  const champion = championKey === undefined ? undefined : ModelVersion.safeParse(sources.versions.get(championKey));
  const summary = sources.versions.summary(key);
  const supersededBy = summary && sources.index.supersededBy(key, summary);
  return {
    kind: 'snapshot',
    policies,
    snapshot: Object.freeze({
      modelVersion,
      namespace: { name: namespace, labels },
      policies: snapshots,
      champion: champion?.data ?? null,
      supersededBy: supersededBy?.slice(supersededBy.indexOf('/') + 1) ?? null,
      approvalsVerified: sources.approvalsVerified,
      ...facts,
      ...registry,
      verified: { ...facts.verified, ...registry.verified },
      now: sources.clock(),
    }),
  };
}

/** Reads what an invalid version still has; a status that cannot be read is no input of anyone, and must be seen to. */
function explainInvalid(object: unknown, error: z.ZodError): Gathered {
  const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const stored = ModelVersion.omit({ spec: true }).loose().safeParse(object);
  if (!stored.success) throw new Error(`the stored object cannot be read: ${problems.join('; ')}`);
  const { apiVersion, kind, metadata, status } = stored.data;
  const spec = { model: '', version: '', stage: 'None' } as const;
  return { kind: 'invalid', problems, stored: { apiVersion, kind, metadata: Metadata.parse(metadata), spec, status } };
}
