import { answerQuery, type CaseProgram } from '../conformance-case.ts';
import { judgeByNative, readMembers, type Verdict } from '../judge-case.ts';
import { askNative, type NativeAnswer } from '../native-opa.ts';
import { runPrograms } from '../run-cases.ts';
import { createRandom } from './random.ts';
import { randomProgram } from './random-program.ts';

export interface FuzzOptions {
  seed: number;
  programs: number;
  /** OPA's interpreter, see `ensureNativeOpa`. */
  native: string;
  reactor: string;
}

export interface FuzzedProgram {
  program: CaseProgram;
  verdict: Verdict;
  /** How many of its rules have a value. */
  results: number;
}

/** Runs random programs here and in OPA's interpreter. */
export async function fuzz({ seed, programs: count, native, reactor }: FuzzOptions): Promise<readonly FuzzedProgram[]> {
  const random = createRandom(seed);
  const programs = Array.from({ length: count }, () => randomProgram(random));
  const asked = programs.map(({ modules, data, input }) => ({
    modules,
    query: answerQuery,
    data: JSON.parse(data),
    input: JSON.parse(input),
  }));
  const [runs, answers] = await Promise.all([runPrograms(programs, reactor), askNative(native, asked)]);
  return programs.map((program, index) => {
    const [run, answer] = [runs[index], answers[index]];
    if (!run || !answer) throw new Error(`program ${index} did not run`);
    if (run.kind === 'evaluated')
      return { program, verdict: judgeByNative(answer, run.result), results: countResults(answer) };
    // Both have one compiler: what one refuses the other does.
    const message = run.errors.map((error) => `${error.file}:${error.line}: ${error.message}`).join('\n');
    return { program, verdict: { kind: 'failed', message }, results: 0 };
  });
}

function countResults({ value }: NativeAnswer): number {
  return value === undefined ? 0 : readMembers(String(value)).length;
}
