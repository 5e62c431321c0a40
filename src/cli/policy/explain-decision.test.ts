import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { aScene } from '../../../test/a-snapshot.ts';
import { rego } from '../../../test/cli/policy-runner.ts';
import type { AnyApprovalPolicy, ModelVersionSpec } from '../../api/index.ts';
import { createCompiler, createEvaluator } from '../../rego/index.ts';
import { regoPaths } from '../rego-paths.ts';
import { explainDecision } from './explain-decision.ts';
import { renderExplanation } from './render-explanation.ts';

const compiler = createCompiler({ ...regoPaths(), cacheFolder: join(tmpdir(), 'assent-test-cache') });
const evaluator = createEvaluator({ threads: 1 });
afterAll(() => Promise.all([compiler[Symbol.asyncDispose](), evaluator[Symbol.asyncDispose]()]));

/** @returns what a terminal shows of a version with this spec, below its first line. */
async function explain(
  rules: readonly string[],
  spec: Partial<ModelVersionSpec>,
  more: Partial<AnyApprovalPolicy['spec']> = {},
): Promise<string> {
  const { modelVersion } = aScene().withSpec(spec).snapshot;
  const policy: AnyApprovalPolicy = {
    apiVersion: 'assent.dev/v1alpha1',
    kind: 'ClusterApprovalPolicy',
    metadata: { name: 'p' },
    spec: { modules: { 'p.rego': rego(...rules) }, ...more },
  };
  const given = {
    modelVersion,
    champion: null,
    labels: {},
    submitter: null,
    verified: {},
    now: '2026-01-02T03:04:05Z',
  };
  const explanation = await explainDecision(given, [{ policy, locate: (place) => place }], { compiler, evaluator });
  const [, ...lines] = renderExplanation(explanation, 'pretty', (_, text) => text).split('\n');
  return lines.join('\n').trim();
}

test('a version that waits is told how far from an allow it is', async () => {
  const rules = [
    'allow contains "ok" if m.accuracy > data.parameters.threshold',
    'm := input.modelVersion.spec.metrics',
  ];
  expect(await explain(rules, { metrics: { accuracy: 0.85 } }, { parameters: { threshold: 0.9 } })).toBe(
    `ClusterApprovalPolicy/p: require
  allow does not hold (p.rego:3)
    m.accuracy > data.parameters.threshold   p.rego:3
      m.accuracy = 0.85
      data.parameters.threshold = 0.9
      m.accuracy is 0.85; this needs more than 0.9 (data.parameters.threshold)`,
  );
});

test('an allow that hangs on other rules is followed to the expression that fails', async () => {
  const rules = [
    'allow contains "ok" if {\n\tgood\n\tinput.transition.to == "Production"\n}',
    'good if {\n\tinput.modelVersion.spec.metrics.accuracy > 0.8\n\tinput.modelVersion.spec.metrics.auc > 0.9\n}',
  ];
  expect(await explain(rules, { metrics: { accuracy: 0.85 } })).toBe(
    `ClusterApprovalPolicy/p: require
  allow does not hold (p.rego:3)
    good   p.rego:4
      good = nothing
      good has no value
      good does not hold (p.rego:8)
        input.modelVersion.spec.metrics.auc > 0.9   p.rego:10
          input.modelVersion.spec.metrics.auc = nothing
          spec.metrics.auc of the version is not given: give it`,
  );
});

test('a deny is told by what makes it hold, also where something is missing', async () => {
  const rules = [
    'deny contains "no card" if not has_card',
    'has_card if "card" in {e.type | some e in input.modelVersion.spec.evidence}',
  ];
  expect(await explain(rules, { evidence: [{ type: 'paper', uri: 'x' }] })).toBe(
    `ClusterApprovalPolicy/p: deny
  deny holds (p.rego:3)
    not has_card   p.rego:3
      has_card = nothing
      has_card has no value
      has_card does not hold (p.rego:5)
        "card" in {e.type | some e in input.modelVersion.spec.evidence}   p.rego:5
          nothing fits it`,
  );
});

test('a policy that does not compile is told, where it matches', async () => {
  expect(await explain(['allow if {'], {})).toContain(
    'ClusterApprovalPolicy/p: error\n  the policy does not compile: p.rego:',
  );
  expect(await explain(['allow if {'], {}, { match: { models: ['other'] } })).toBe(
    'Do not match it: ClusterApprovalPolicy/p',
  );
});

test('an approval is told by the rule that gave it, and errors by their message', async () => {
  expect(await explain(['allow contains "ok" if input.now != ""'], {})).toContain('allow holds (p.rego:3)');
  expect(await explain(['allow := 1'], {})).toBe(
    'ClusterApprovalPolicy/p: error\n  the policy\'s result does not fit: allow: `allow` must be a set of messages: write `allow contains "…" if …`',
  );
});
