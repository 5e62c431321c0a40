import { ANNOTATIONS, GROUP, type ModelVersion, type ModelVersionStatus } from '../../api/index.ts';
import {
  buildFacts,
  buildPlan,
  gatherEvidence,
  type PolicyResults,
  type ReadEvidence,
  type Snapshot,
  type Submitter,
  selectPolicies,
} from '../../decision/index.ts';
import {
  buildPoliciesInForce,
  evaluatePolicies,
  type PolicyCatalog,
  type PolicyInForce,
  UNFETCHED_EVIDENCE,
} from '../../operator/index.ts';
import type { Evaluator } from '../../rego/index.ts';
import { labelsOf } from './namespace-labels.ts';

/** What a decision without a cluster is made from. */
export interface OfflineCase {
  readonly modelVersion: ModelVersion;
  readonly champion: ModelVersion | null;
  /** Labels of the version's namespace. */
  readonly labels: Readonly<Record<string, string>>;
  readonly submitter: Submitter | null;
  readonly verified: Snapshot['verified'];
  /** RFC 3339. */
  readonly now: string;
}

/** A decision, with all that it was made from. */
export interface DecidedOffline {
  readonly snapshot: Snapshot;
  /** The policies that match, by name. */
  readonly policies: readonly PolicyInForce[];
  readonly results: PolicyResults;
  readonly status: ModelVersionStatus;
}

/**
 * Decides on one version as the operator would: from the same snapshot, through the same code. Nobody has decided yet.
 *
 * @param catalog of policies that are compiled
 */
export async function decideOffline(
  { modelVersion, champion, labels, submitter, verified, now }: OfflineCase,
  { catalog, evaluator }: { readonly catalog: PolicyCatalog; readonly evaluator: Evaluator },
): Promise<DecidedOffline> {
  const { namespace = 'default' } = modelVersion.metadata;
  const allLabels = labelsOf(namespace, labels);
  const entries = catalog.forNamespace(namespace).map((entry) => ({ entry, spec: entry.spec ?? {} }));
  const matching = selectPolicies(modelVersion, { name: namespace, labels: allLabels }, entries);
  const inForce = buildPoliciesInForce(matching.map(({ entry }) => entry));
  const policies = inForce.map((policy) => policy.snapshot);
  const facts = buildFacts(gatherEvidence(modelVersion, policies, readEvidence));
  const snapshot: Snapshot = {
    modelVersion: withoutDecision(modelVersion, submitter),
    namespace: { name: namespace, labels: allLabels },
    policies,
    champion,
    supersededBy: null,
    approvalsVerified: true,
    ...facts,
    verified: { ...facts.verified, ...verified },
    now,
  };
  const results = await evaluatePolicies(snapshot, inForce, evaluator);
  return { snapshot, policies: inForce, results, status: buildPlan(snapshot, results).status ?? {} };
}

const readEvidence: ReadEvidence = (source, namespace) => UNFETCHED_EVIDENCE.read('', source, namespace);

/** Judged as a new generation: only the stage in effect is taken from the file, and no person's decision. */
function withoutDecision({ status, metadata, ...rest }: ModelVersion, submitter: Submitter | null): ModelVersion {
  const { generation = 1, namespace = 'default' } = metadata;
  const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => !key.startsWith(`${GROUP}/`));
  const stamp = submitter && [ANNOTATIONS.submittedBy, JSON.stringify({ ...submitter, generation })];
  return {
    ...rest,
    metadata: { ...metadata, generation, namespace, annotations: Object.fromEntries(stamp ? [...own, stamp] : own) },
    ...(status?.stage ? { status: { stage: status.stage } } : {}),
  };
}
