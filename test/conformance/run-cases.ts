import { devNull } from 'node:os';
import { join } from 'node:path';
import {
  type CompileError,
  createCompiler,
  createEvaluator,
  type EvaluationLimits,
  type EvaluationResult,
} from '../../src/rego/index.ts';
import { answerPackage, type CaseProgram } from './conformance-case.ts';

/** What our compiler and our runtime make of a program. */
export type CaseRun =
  | { kind: 'refused'; errors: readonly CompileError[] }
  | { kind: 'evaluated'; result: EvaluationResult };

/** Generous: what is tested is what comes out. */
const limits: EvaluationLimits = {
  timeoutMs: 20_000,
  memoryBytes: 256 * 1024 * 1024,
  inputBytes: 16 * 1024 * 1024,
};
const compileThreads = 2;

/** Runs programs, each compiled by itself as a policy is. */
export async function runPrograms(programs: readonly CaseProgram[], reactor: string): Promise<readonly CaseRun[]> {
  // Thousands of modules that nobody asks for again: a folder that cannot be made keeps none.
  const cacheFolder = join(devNull, 'none');
  await using evaluator = createEvaluator({ reactor, threads: 1 });
  const runs: CaseRun[] = [];
  const queue = programs.entries();
  const work = async () => {
    await using compiler = createCompiler({ reactor, cacheFolder, deadlineMs: 60_000 });
    for (const [index, { modules, packages, data, input }] of queue) {
      const compiled = await compiler.compile(modules, { entrypoints: [answerPackage], packages });
      if (compiled.kind === 'failed') {
        runs[index] = { kind: 'refused', errors: compiled.errors };
      } else {
        const { policy } = compiled;
        const request = { policy, data: JSON.parse(data), dataDigest: data, input, limits };
        runs[index] = { kind: 'evaluated', result: await evaluator.evaluate(request) };
      }
    }
  };
  await Promise.all(Array.from({ length: compileThreads }, work));
  return runs;
}
