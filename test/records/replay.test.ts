import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildPlan } from '../../src/decision/index.ts';
import { evaluatePolicies } from '../../src/operator/evaluate-policies.ts';
import { replayDecision } from '../../src/operator/index.ts';
import { buildPolicyData } from '../../src/operator/policy-catalog.ts';
import { builtReactor } from '../../src/rego/built-reactor.ts';
import { createCompiler, createEvaluator } from '../../src/rego/index.ts';
import { aScene } from '../a-snapshot.ts';

/** Takes much longer than a millisecond on any machine, and allocates little. */
const SLOW = `package approval

xs := numbers.range(1, 100)

allow contains "they are many" if count([x | some x in xs; some y in xs; x * y == 7]) == 2
`;

it('a policy that answered in time gives the same bytes on a machine that is slower', async () => {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'assent-replay-'));
  const reactor = await builtReactor();
  await using compiler = createCompiler({ reactor, cacheFolder });
  await using evaluator = createEvaluator({ reactor, threads: 1 });
  const result = await compiler.compile({ 'slow.rego': SLOW });
  if (result.kind !== 'compiled') throw new Error(JSON.stringify(result.errors));
  const compiled = result.policy;
  const policyIn = (timeout: string) => {
    const spec = { limits: { timeout } };
    return {
      name: 'ApprovalPolicy/slow',
      generation: 1,
      digest: compiled.digest,
      problem: null,
      readsClock: false,
      spec,
    };
  };

  // Recorded by a machine on which a millisecond was enough.
  const { snapshot } = aScene().with({ policies: [policyIn('1ms')] });
  const asked = { snapshot: policyIn('5s'), compiled, ...buildPolicyData({}, compiled) };
  const plan = buildPlan(snapshot, await evaluatePolicies(snapshot, [asked], evaluator));
  const record = plan.records.find(({ kind }) => kind === 'Decision');
  if (record?.kind !== 'Decision') throw new Error('nothing was decided');
  expect(record.decision.outcome).toBe('Approved');

  expect(await replayDecision(record, { loadPolicy: async () => compiled, evaluator })).toEqual({ kind: 'same' });
  await rm(cacheFolder, { recursive: true });
}, 60_000);
