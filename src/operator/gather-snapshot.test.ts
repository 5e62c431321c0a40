import { expect, it } from 'vitest';
import { evaluatePolicies } from './evaluate-policies.ts';
import { gatherSnapshot, type SnapshotSources } from './gather-snapshot.ts';
import { buildPoliciesInForce, createPolicyCatalog } from './policy-catalog.ts';
import type { NamespaceCache } from './ports.ts';
import { RECORDED_REGISTRY } from './recorded-registry.ts';
import { UNFETCHED_EVIDENCE } from './unfetched-evidence.ts';
import { createVersionCollection } from './version-collection.ts';

const NOW = '2026-01-02T03:04:05.000Z';
const aVersion = (name: string, spec: Record<string, unknown> = {}, status?: object) => ({
  apiVersion: 'assent.dev/v1alpha1',
  kind: 'ModelVersion',
  metadata: { name, namespace: 'risk', uid: `uid-${name}`, generation: 1, resourceVersion: '5' },
  spec: { model: 'fraud', version: name, stage: 'Production', metrics: { accuracy: 0.9 }, ...spec },
  ...(status ? { status } : {}),
});
const holds = { stage: 'Production', history: [{ at: NOW, to: 'Production' }] };
const comparing = {
  apiVersion: 'assent.dev/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name: 'compare', namespace: 'risk', uid: 'p', generation: 1, resourceVersion: '1' },
  spec: { modules: { 'p.rego': 'package approval' } },
};

function sourcesOf(
  versions: readonly ReturnType<typeof aVersion>[],
  namespaces: NamespaceCache = { labels: () => ({}) },
): SnapshotSources {
  const { add, ...collection } = createVersionCollection();
  for (const version of versions) add(`risk/${version.metadata.name}`, version);
  const policies = createPolicyCatalog();
  policies.observe('ApprovalPolicy', comparing);
  const inForce = { digest: 'sha256:01', wasm: new Uint8Array(), builtins: [], reads: ['input.champion'] };
  for (const { source } of policies.entries())
    policies.settle('ApprovalPolicy/risk/compare', source, { kind: 'compiled', inForce });
  const facts = { evidence: UNFETCHED_EVIDENCE, registries: RECORDED_REGISTRY };
  return { ...collection, ...facts, namespaces, policies, clock: () => NOW, approvalsVerified: true };
}

it('a champion that cannot be read is none that does not exist: what is compared with it errs', async () => {
  const sources = sourcesOf([aVersion('champ', { approvers: 'bob' }, holds), aVersion('challenger')]);
  const gathered = gatherSnapshot('risk/challenger', sources);
  if (gathered.kind !== 'snapshot') throw new Error(gathered.kind);
  expect(gathered.snapshot).toMatchObject({
    champion: null,
    championProblem: expect.stringContaining('champ cannot be read'),
  });
  const policies = buildPoliciesInForce(sources.policies.entries());
  const results = await evaluatePolicies(gathered.snapshot, policies, {
    evaluate: () => Promise.reject(new Error('nobody is asked')),
  });
  expect(results['ApprovalPolicy/compare']).toMatchObject({ kind: 'error', message: expect.stringContaining('champ') });
});

it('in a namespace that is being deleted nothing is decided: its policies may be gone before its versions', () => {
  const terminating = { labels: () => ({}), isTerminating: () => true };
  expect(gatherSnapshot('risk/fraud-7', sourcesOf([aVersion('fraud-7')], terminating))).toEqual({ kind: 'gone' });
});

it.each([
  ['a letter', 'x', 600],
  ['a character that is stored as six', '<', 100],
])('a version that leaves no room for its status is told so: of %s', (_, character, kib) => {
  const parameters = { notes: character.repeat(kib * 1024) };
  const gathered = gatherSnapshot('risk/fraud-7', sourcesOf([aVersion('fraud-7', { parameters })]));
  expect(gathered).toMatchObject({ kind: 'invalid', problems: [expect.stringMatching(/^spec: it takes 601 KiB/)] });
});
