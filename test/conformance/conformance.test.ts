// OPA's own conformance cases, in the compiler and the runtime that decide.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureCompiler, ensureNativeOpa, repositoryRoot } from '../../src/dev/index.ts';
import { answerQuery, buildProgram } from './conformance-case.ts';
import { judgeByNative, judgeRefusal, judgeResult, type Verdict } from './judge-case.ts';
import { knownDifferences } from './known-differences.ts';
import { askNative, listConformanceCases } from './native-opa.ts';
import { type JudgedCase, renderConformance } from './render-conformance.ts';
import { runPrograms } from './run-cases.ts';

const native = await ensureNativeOpa();
const cases = await listConformanceCases(native, join(repositoryRoot, 'compiler'));
const programs = cases.map(buildProgram);
const runs = await runPrograms(programs, await ensureCompiler());
const judged = await judgeAll();

async function judgeAll(): Promise<readonly JudgedCase[]> {
  // The error of a builtin is undefined to us: there the measure is what OPA says that is not asked for such errors.
  const strict = programs.filter((_, index) => cases[index]?.strictError);
  const answers = await askNative(
    native,
    strict.map(({ modules, data, input }) => ({
      modules,
      query: answerQuery,
      data: JSON.parse(data),
      input: JSON.parse(input),
    })),
  );
  const answerOf = new Map(strict.map((program, index) => [program, answers[index]]));
  return cases.map((given, index) => {
    const [program, run] = [programs[index], runs[index]];
    if (!program || !run) throw new Error(`${given.note} did not run`);
    const judge = (): Verdict => {
      if (run.kind === 'refused') return judgeRefusal(run.errors);
      const answer = answerOf.get(program);
      return answer ? judgeByNative(answer, run.result) : judgeResult(given, run.result);
    };
    return { given, verdict: judge() };
  });
}

test('every case passes, but for those that differ for a reason that is told', () => {
  const failed = judged.flatMap(({ given, verdict }) =>
    verdict.kind === 'failed' && !knownDifferences.has(given.note) ? [`${given.note}: ${verdict.message}`] : [],
  );
  expect(failed).toEqual([]);
});

test('no difference is told of that is none any more', () => {
  const differing = judged.filter(({ verdict }) => verdict.kind === 'failed').map(({ given }) => given.note);
  expect([...knownDifferences.keys()].filter((note) => !differing.includes(note))).toEqual([]);
});

test('docs/conformance.md tells what came of the cases', async () => {
  await expect(renderConformance(judged)).toMatchFileSnapshot(join(repositoryRoot, 'docs', 'conformance.md'));
});
