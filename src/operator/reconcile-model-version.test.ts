import { describe, expect, it } from 'vitest';
import { ANNOTATIONS } from '../api/index.ts';
import type { EvaluationResult } from '../rego/index.ts';
import { createPolicyCatalog } from './policy-catalog.ts';
import { type ModelVersionReconcilerPorts, reconcileModelVersion } from './reconcile-model-version.ts';
import { RECORDED_REGISTRY } from './recorded-registry.ts';
import { createStampDoubts } from './stamp-doubts.ts';
import { UNFETCHED_EVIDENCE } from './unfetched-evidence.ts';
import { createVersionCollection } from './version-collection.ts';

const KEY = 'risk/fraud-7';
const NOW = '2026-01-02T03:04:05.000Z';

interface Written {
  readonly uid?: string;
  readonly by?: string;
  readonly reason?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

let resourceVersion = 1;
/** Approved by alice; no policy matches it. */
const aVersion = ({ uid = 'uid-7', by = 'alice', reason = 'good', labels = {} }: Written) => ({
  apiVersion: 'assent.dev/v1alpha1',
  kind: 'ModelVersion',
  metadata: {
    ...{ name: 'fraud-7', namespace: 'risk', uid, generation: 1, resourceVersion: `${resourceVersion++}`, labels },
    annotations: {
      [ANNOTATIONS.approve]: reason,
      [ANNOTATIONS.decidedBy]: JSON.stringify({ user: by, groups: [], generation: 1, verdict: 'approve' }),
    },
  },
  spec: { model: 'fraud', version: '7', stage: 'Production' },
});

/** One that asks for people, as the evaluator of the test answers. */
function aPolicyInForce() {
  const catalog = createPolicyCatalog();
  catalog.observe('ApprovalPolicy', {
    ...{ apiVersion: 'assent.dev/v1alpha1', kind: 'ApprovalPolicy' },
    metadata: { name: 'people', namespace: 'risk', uid: 'uid-1', generation: 1, resourceVersion: '1' },
    spec: { modules: { 'people.rego': 'package approval\n' }, approvers: ['alice'] },
  });
  const [entry] = catalog.entries();
  if (!entry) throw new Error('the policy is not there');
  const inForce = { digest: 'sha256:00', wasm: new Uint8Array(), builtins: [], reads: [] };
  catalog.settle('ApprovalPolicy/risk/people', entry.source, { kind: 'compiled', inForce });
  return catalog;
}

/**
 * Reconciles alice's approval while somebody writes to the version at each look at the admission policies.
 *
 * @param answers of the policy; without any there is none
 * @returns how often they were looked at, and who has approved
 */
async function reconcileWhile(writes: readonly Written[], answers: readonly EvaluationResult[] = []) {
  const { add, ...collection } = createVersionCollection();
  add(KEY, aVersion({}));
  let looks = 0;
  let asked = 0;
  const approvedBy: string[] = [];
  const ports: ModelVersionReconcilerPorts = {
    ...collection,
    ...{
      evidence: UNFETCHED_EVIDENCE,
      registries: RECORDED_REGISTRY,
      policies: answers.length > 0 ? aPolicyInForce() : createPolicyCatalog(),
    },
    namespaces: { labels: () => ({}) },
    clock: () => NOW,
    admission: {
      verified: () => true,
      confirm: async () => {
        const next = writes[looks++];
        if (next) add(KEY, aVersion(next));
        return true;
      },
    },
    doubts: createStampDoubts({ ...collection.versions, summaries: () => [] }),
    evaluator: {
      evaluate: async () => {
        const answer = answers[asked++];
        if (!answer) throw new Error('nobody is to be asked now');
        return answer;
      },
    },
    health: { refusal: () => null, evaluated: () => undefined },
    signer: { sign: () => null },
    records: { record: () => undefined },
    writer: {
      writeModelVersionStatus: async (_, { approvals = [] }) => {
        approvedBy.push(...approvals.filter(({ counted }) => counted).map(({ user, reason }) => `${user}: ${reason}`));
        return '';
      },
      writePolicyStatus: async () => '',
    },
    events: { record: () => undefined },
    onUnjudged: () => undefined,
    written: { wrote: () => undefined, observe: () => undefined, isBehind: () => false },
  };
  await reconcileModelVersion(KEY, ports);
  return { looks, approvedBy };
}

const edits = Array.from({ length: 50 }, (_, at) => ({ labels: { at: `${at}` } }));

it('a decision is confirmed by one look, however often others edit the version meanwhile', async () => {
  expect(await reconcileWhile(edits)).toEqual({ looks: 1, approvedBy: ['alice: good'] });
});

it.each<[string, Written, string]>([
  ['another one', { by: 'bob' }, 'bob: good'],
  ['one in other words', { reason: 'better' }, 'alice: better'],
  ['the same on a version made anew', { uid: 'uid-8' }, 'alice: good'],
])('a decision that came during the look needs a look of its own: %s', async (_, write, decision) => {
  expect(await reconcileWhile([write])).toEqual({ looks: 2, approvedBy: [decision] });
});

describe('an approval that comes as a policy misses its deadline', () => {
  const late: EvaluationResult = { kind: 'error', code: 'timeout', message: 'too late', evaluationMicroseconds: 7 };
  const answer: EvaluationResult = { kind: 'value', value: { allow: [] }, evaluationMicroseconds: 7 };

  it('counts where that was by chance', async () => {
    expect(await reconcileWhile([], [late, answer])).toEqual({ looks: 1, approvedBy: ['alice: good'] });
  });

  it('does not count where it misses it again', async () => {
    expect(await reconcileWhile([], [late, late])).toEqual({ looks: 1, approvedBy: [] });
  });
});
