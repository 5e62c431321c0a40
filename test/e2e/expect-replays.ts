import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { AuditRecord } from '../../src/decision/index.ts';
import { repositoryRoot } from '../../src/dev/index.ts';
import { loadRecordedPolicy, replayDecision } from '../../src/operator/index.ts';
import { createCompiler, createEvaluator } from '../../src/rego/index.ts';

const RecordLine = z.object({ msg: z.literal('record'), record: AuditRecord });

/** @returns the records among the lines of an operator's log. */
export function recordsOf(log: readonly unknown[]): readonly AuditRecord[] {
  return log
    .filter((line) => z.object({ msg: z.literal('record') }).safeParse(line).success)
    .map((line) => RecordLine.parse(line).record);
}

/** Makes every recorded decision again, from nothing but the records, and expects the same bytes. */
export async function expectReplays(log: readonly unknown[]): Promise<{ readonly decisions: number }> {
  const records = recordsOf(log);
  const folder = await mkdtemp(join(tmpdir(), 'assent-replay-'));
  try {
    const reactor = join(repositoryRoot, 'compiler', 'dist', 'opa-compiler.wasm');
    await using compiler = createCompiler({ reactor, cacheFolder: folder });
    await using evaluator = createEvaluator({ reactor, threads: 1 });
    const loadPolicy = async (digest: string) => {
      const policy = records.find((record) => record.kind === 'Policy' && record.id === digest);
      if (policy?.kind !== 'Policy') return null;
      const result = await loadRecordedPolicy(policy, compiler);
      return result.kind === 'compiled' ? result.policy : null;
    };
    const decisions = records.filter((record) => record.kind === 'Decision');
    for (const record of decisions) {
      const replay = await replayDecision(record, { loadPolicy, evaluator });
      expect({ id: record.id, ...replay }).toEqual({ id: record.id, kind: 'same' });
    }
    return { decisions: decisions.length };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
