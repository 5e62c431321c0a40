import { ANNOTATIONS, type ApprovalPolicySpec, type ModelVersion, type Verdict } from '../src/api/index.ts';
import { buildPlan, type PolicyResults, type Snapshot } from '../src/decision/index.ts';

type Document = Partial<Record<'allow' | 'deny' | 'warn' | 'require', unknown>>;

/** A snapshot and its policies' results, built as a test tells its story. Every step gives a new one. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly results: PolicyResults;
  withPolicy(name: string, document: unknown, spec?: Partial<ApprovalPolicySpec>): Scene;
  withFailingPolicy(name: string, message: string, spec?: Partial<ApprovalPolicySpec>): Scene;
  decidedBy(user: string, verdict: Verdict, reason: string, stamp?: { groups?: string[]; generation?: number }): Scene;
  submittedBy(user: string): Scene;
  with(changes: Partial<Snapshot>): Scene;
  withSpec(changes: Partial<ModelVersion['spec']>): Scene;
  /** Time goes by. */
  after(milliseconds: number): Scene;
  /** The plan is applied, so that the next one starts from its status. */
  applied(): Scene;
}

export const START = '2026-01-02T03:04:05.000Z';

/** `fraud-7`, generation 1, asks for Production; no policies, nobody's decision. */
export function aScene(): Scene {
  return scene(
    {
      modelVersion: {
        apiVersion: 'assent.dev/v1alpha1',
        kind: 'ModelVersion',
        metadata: { name: 'fraud-7', namespace: 'risk', uid: 'uid-7', generation: 1, annotations: {} },
        spec: { model: 'fraud', version: '7', stage: 'Production', metrics: { accuracy: 0.93 } },
      },
      namespace: { name: 'risk', labels: {} },
      policies: [],
      champion: null,
      supersededBy: null,
      approvalsVerified: true,
      verified: {},
      now: START,
    },
    {},
  );
}

export const allows = (reason = 'good enough'): Document => ({ allow: [reason] });
export const denies = (reason = 'no model card'): Document => ({ deny: [reason] });
export const requires = (...approvers: string[]): Document => ({ require: [{ approvers }] });

function scene(snapshot: Snapshot, results: PolicyResults): Scene {
  const { modelVersion } = snapshot;
  const withPolicy = (name: string, result: PolicyResults[string], spec: Partial<ApprovalPolicySpec>): Scene =>
    scene(
      {
        ...snapshot,
        policies: [
          ...snapshot.policies,
          { name, generation: 1, digest: 'sha256:00', problem: null, readsClock: false, spec },
        ],
      },
      { ...results, [name]: result },
    );
  const annotated = (annotations: Record<string, string>): Scene => {
    const metadata = {
      ...modelVersion.metadata,
      annotations: { ...modelVersion.metadata.annotations, ...annotations },
    };
    return scene({ ...snapshot, modelVersion: { ...modelVersion, metadata } }, results);
  };
  const generation = modelVersion.metadata.generation ?? 1;
  return {
    snapshot,
    results,
    withPolicy: (name, value, spec = {}) => withPolicy(name, { kind: 'value', value, evaluationMicroseconds: 7 }, spec),
    withFailingPolicy: (name, message, spec = {}) =>
      withPolicy(name, { kind: 'error', code: 'timeout', message, evaluationMicroseconds: 7 }, spec),
    decidedBy: (user, verdict, reason, { groups = [], generation: stamped = generation } = {}) =>
      annotated({
        [ANNOTATIONS[verdict]]: reason,
        [ANNOTATIONS.decidedBy]: JSON.stringify({ user, groups, generation: stamped, verdict }),
      }),
    submittedBy: (user) => annotated({ [ANNOTATIONS.submittedBy]: JSON.stringify({ user, groups: [], generation }) }),
    with: (changes) => scene({ ...snapshot, ...changes }, results),
    withSpec: (changes) => {
      const metadata = { ...modelVersion.metadata, generation: generation + 1 };
      return scene(
        { ...snapshot, modelVersion: { ...modelVersion, metadata, spec: { ...modelVersion.spec, ...changes } } },
        results,
      );
    },
    after: (milliseconds) =>
      scene({ ...snapshot, now: new Date(Date.parse(snapshot.now) + milliseconds).toISOString() }, results),
    applied: () => {
      const { status } = buildPlan(snapshot, results);
      return status
        ? scene({ ...snapshot, modelVersion: { ...modelVersion, status } }, results)
        : scene(snapshot, results);
    },
  };
}
