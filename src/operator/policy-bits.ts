import { type ApprovalPolicySpec, STAGES } from '../api/index.ts';
import { digestPolicies, type Snapshot, selectPolicies } from '../decision/index.ts';
import type { SnapshotSources } from './gather-snapshot.ts';
import { type ModelVersionSummary, readPolicyBits } from './model-version-summary.ts';
import { namespaceOf } from './object-ref.ts';
import { buildPoliciesInForce, type PolicyEntry, policyKey } from './policy-catalog.ts';

/**
 * @returns the bits of the policies that judge a version today, by its summary alone; null where that does not tell,
 * because one of them selects by labels
 */
export type ReadPolicyBits = (key: string, summary: Pick<ModelVersionSummary, 'model' | 'stage'>) => number | null;

/** Goes by the policies as they are when it is first asked about a namespace: made anew for each look at what stands. */
export function createPolicyBits({
  policies,
  namespaces,
}: Pick<SnapshotSources, 'policies' | 'namespaces'>): ReadPolicyBits {
  const byNamespace = new Map<string, NamespacePolicies | null>();
  /** By the names of the policies: a policy's data may be large, and a hundred thousand versions have the same few. */
  const bits = new Map<string, number>();
  const readNamespace = (name: string): NamespacePolicies | null => {
    const labels = namespaces.labels(name);
    const entries = policies.forNamespace(name);
    if (!labels || entries.some(({ spec }) => !spec || spec.match?.selector)) return null;
    return { namespace: { name, labels }, entries: entries.map((entry) => ({ entry, spec: entry.spec ?? {} })) };
  };
  return (key, { model, stage }) => {
    const name = namespaceOf(key);
    const found = byNamespace.get(name);
    const judging = found === undefined ? readNamespace(name) : found;
    byNamespace.set(name, judging);
    const known = STAGES.find((one) => one === stage);
    if (!judging || !known) return null;
    const asked = { metadata: {}, spec: { model, stage: known } };
    const selected = selectPolicies(asked, judging.namespace, judging.entries).map(({ entry }) => entry);
    const set = selected.map(({ kind, metadata }) => policyKey(kind, metadata)).join(' ');
    const inForce = bits.get(set) ?? readPolicyBits(digestPolicies(snapshotsOf(selected)));
    bits.set(set, inForce);
    return inForce;
  };
}

function snapshotsOf(selected: readonly PolicyEntry[]) {
  return buildPoliciesInForce(selected).map(({ snapshot }) => snapshot);
}

interface NamespacePolicies {
  readonly namespace: Snapshot['namespace'];
  readonly entries: readonly { readonly entry: PolicyEntry; readonly spec: Pick<ApprovalPolicySpec, 'match'> }[];
}
