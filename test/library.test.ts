// Each policy of policies/lib with its example under examples/library, and some of them together.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type AnyApprovalPolicy, ClusterApprovalPolicy, ModelVersion } from '../src/api/index.ts';
import { evaluateOffline } from '../src/cli/evaluate/evaluate-offline.ts';
import { loadPolicies } from '../src/cli/evaluate/load-policies.ts';
import { loadManifests, parseManifest } from '../src/cli/load-manifests.ts';
import { buildExamplePolicies } from '../src/dev/examples.ts';
import { ensureCompiler, repositoryRoot } from '../src/dev/index.ts';
import { createCompiler, createEvaluator } from '../src/rego/index.ts';

const library = join(repositoryRoot, 'policies', 'lib');
const examples = join(repositoryRoot, 'examples', 'library');
const names = readdirSync(library);

const compiler = createCompiler({
  reactor: await ensureCompiler(),
  cacheFolder: join(repositoryRoot, '.assent', 'policies'),
});
const evaluator = createEvaluator({ threads: 1 });
afterAll(() => Promise.all([compiler[Symbol.asyncDispose](), evaluator[Symbol.asyncDispose]()]));

/** A Wednesday. */
const wednesday = '2026-11-25T09:00:00Z';
const saturday = '2026-11-28T09:00:00Z';

async function decide(example: string, policies: readonly string[], now = wednesday) {
  const versions = loadManifests([join(examples, `${example}.yaml`)]).map((manifest) =>
    parseManifest(manifest, ModelVersion),
  );
  const loaded = loadPolicies(policies.map((name) => join(library, name))).map(patient);
  const decisions = await evaluateOffline(versions, loaded, { namespaces: new Map(), compiler, evaluator, now });
  const rows = decisions.map(({ modelVersion, status }) => [modelVersion.metadata.name, status] as const);
  return Object.fromEntries(
    rows.map(([name, { conditions = [], decision }]) => {
      const approved = conditions.find(({ type }) => type === 'Approved');
      return [name, { outcome: decision?.outcome, message: approved?.message ?? '' }];
    }),
  );
}

/** With the longest deadline, for a machine that does much else. */
function patient(policy: AnyApprovalPolicy): AnyApprovalPolicy {
  return { ...policy, spec: { ...policy.spec, limits: { timeout: '5s' } } };
}

const outcomes: readonly {
  policy: string;
  version: string;
  outcome: 'Approved' | 'Pending' | 'Rejected';
  says: string;
  now?: string;
}[] = [
  { policy: 'no-worse-than-champion', version: 'churn-4', outcome: 'Approved', says: 'accuracy 0.91 is no worse' },
  {
    policy: 'no-worse-than-champion',
    version: 'churn-5',
    outcome: 'Rejected',
    says: 'accuracy 0.9 is worse than 0.92',
  },
  { policy: 'metric-drift', version: 'churn-4', outcome: 'Pending', says: 'accuracy 0.99 differs from 0.92' },
  { policy: 'metric-drift', version: 'churn-5', outcome: 'Approved', says: 'has not drifted' },
  { policy: 'required-evidence', version: 'churn-4', outcome: 'Approved', says: 'bias-report, model-card' },
  { policy: 'required-evidence', version: 'churn-5', outcome: 'Rejected', says: 'spec.evidence has no bias-report' },
  { policy: 'signed-evidence', version: 'churn-4', outcome: 'Pending', says: 'no verified attestation' },
  { policy: 'protected-hours', version: 'churn-4', outcome: 'Approved', says: 'no protected hours now' },
  { policy: 'protected-hours', version: 'churn-4', outcome: 'Pending', says: 'weekend', now: saturday },
  { policy: 'fresh-evaluation', version: 'churn-4', outcome: 'Approved', says: 'evaluated within 30 days' },
  {
    policy: 'fresh-evaluation',
    version: 'churn-4',
    outcome: 'Pending',
    says: 'more than 30 days ago',
    now: '2026-12-01T08:00:01Z',
  },
  { policy: 'two-person-rule', version: 'churn-4', outcome: 'Pending', says: '2 approvals by' },
  { policy: 'matching-claims', version: 'churn-4', outcome: 'Pending', says: 'no verified fact bears out' },
  { policy: 'verified-metrics', version: 'churn-4', outcome: 'Pending', says: 'there is no verified accuracy' },
];

test.for(outcomes)(
  'the example of $policy: $version is $outcome ($says)',
  async ({ policy, version, outcome, says, now }) => {
    const decisions = await decide(policy, [policy], now);
    expect(decisions[version]).toEqual({ outcome, message: expect.stringContaining(says) });
  },
);

test('every policy of the library has an example whose outcome is tested', () => {
  expect([...new Set(outcomes.map(({ policy }) => policy))].toSorted()).toEqual(names.toSorted());
});

test.for(names)('policies/lib/%s/policy.yaml can be applied as it is, and has the name of its folder', (name) => {
  const [manifest, ...more] = loadManifests([join(library, name, 'policy.yaml')]);
  if (!manifest || more.length > 0) throw new Error('one policy, and no other document');
  const { metadata, spec } = parseManifest(manifest, ClusterApprovalPolicy);
  expect(metadata.name).toBe(name);
  expect(spec.modules).toEqual({ [`${name}.rego`]: readFileSync(join(library, name, `${name}.rego`), 'utf8') });
  expect(spec.approvers, 'who decides where it cannot judge').not.toEqual([]);
  expect(spec).toHaveProperty('approvers');
});

test('the two-person rule keeps duties separate', () => {
  const [policy] = loadPolicies([join(library, 'two-person-rule')]);
  expect(policy?.spec).toMatchObject({ separationOfDuties: true, required: 2 });
});

test('npm start installs none of them', () => {
  expect(buildExamplePolicies().map(({ metadata }) => metadata)).toEqual([{ name: 'accuracy' }, { name: 'champion' }]);
});

test('of several policies the strictest decides, and requirements add up', async () => {
  const guarded = await decide('protected-hours', ['protected-hours', 'verified-metrics']);
  expect(guarded['churn-4']).toMatchObject({
    outcome: 'Pending',
    message: expect.stringContaining('no verified accuracy'),
  });
  const denied = await decide('required-evidence', ['required-evidence', 'two-person-rule']);
  expect(denied['churn-5']).toMatchObject({ outcome: 'Rejected' });
  expect(denied['churn-4']).toMatchObject({ outcome: 'Pending' });
});

test('all policies together approve nothing on an empty version', async () => {
  const decisions = await decide('protected-hours', names);
  expect(decisions['churn-4']).toMatchObject({ outcome: 'Rejected' });
});
