import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildPlan } from '../../src/decision/index.ts';
import { ensureCompiler } from '../../src/dev/index.ts';
import { replayDecision } from '../../src/operator/index.ts';
import { createCompiler, createEvaluator } from '../../src/rego/index.ts';
import { allows, aScene } from '../a-snapshot.ts';

test('a decision is made again on a machine on which its policies miss their deadlines', async () => {
  const reactor = await ensureCompiler();
  const cacheFolder = await mkdtemp(join(tmpdir(), 'assent-replay-decision-'));
  await using compiler = createCompiler({ reactor, cacheFolder });
  await using evaluator = createEvaluator({ reactor, threads: 1 });
  const rego = 'package approval\n\nallow contains "counted" if count([n | some n in numbers.range(1, 20000)]) > 7\n';
  const compiled = await compiler.compile({ 'slow.rego': rego });
  if (compiled.kind !== 'compiled') throw new Error(JSON.stringify(compiled.errors));
  const { snapshot, results } = aScene().withPolicy('ApprovalPolicy/slow', allows('counted'), {
    limits: { timeout: '1ms' },
  });
  const [record] = buildPlan(snapshot, results).records;
  if (record?.kind !== 'Decision') throw new Error('nothing was decided');
  const loadPolicy = async () => compiled.policy;
  expect(await replayDecision(record, { loadPolicy, evaluator })).toEqual({ kind: 'same' });
  await rm(cacheFolder, { recursive: true });
}, 60_000);
