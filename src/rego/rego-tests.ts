import type { CompileError, TestRule } from './compile-result.ts';
import { type Compiler, testPackage } from './compiler.ts';
import type { EvaluationLimits, EvaluationResult, Evaluator } from './evaluator.ts';

/** One `test_*` rule and how it went. */
export interface RegoTest {
  /** As it stands below its package: `test_a`, or `sub.test_a` for one of package approval_test.sub. */
  name: string;
  file: string;
  /** From 1. */
  line: number;
  passed: boolean;
  /** Why it failed; empty where it passed. */
  message: string;
}

/** What running the tests of a policy gives: every test, or every error where they do not compile. */
export type RegoTestRun =
  | { kind: 'ran'; tests: readonly RegoTest[] }
  | { kind: 'failed'; errors: readonly CompileError[] };

/** All tests are one evaluation, so they get more than a policy does. */
const limits: EvaluationLimits = { timeoutMs: 10_000, memoryBytes: 64 * 1024 * 1024, inputBytes: 1024 };

/**
 * Runs the tests of one policy where it decides, in WebAssembly: native OPA calculates with binary floats, and may say
 * otherwise. A test is a rule of package `approval_test` whose name begins with `test_`, as for `opa test`; it passes
 * where it is true. Each brings its own input and data, with `with`. Never rejects.
 *
 * @param modules file name → source, of the policy and of its tests
 */
export async function runRegoTests(
  modules: Readonly<Record<string, string>>,
  { compiler, evaluator }: { compiler: Compiler; evaluator: Evaluator },
): Promise<RegoTestRun> {
  const listed = await compiler.listTests(modules);
  if (listed.kind === 'failed') return listed;
  const compiled = await compiler.compile(modules, { entrypoints: [testPackage] });
  if (compiled.kind === 'failed') return compiled;
  const { policy } = compiled;
  const result = await evaluator.evaluate({ policy, data: {}, dataDigest: 'none', input: '{}', limits });
  const tests = listed.tests.map((test) => {
    const { path, file, line } = test;
    const problem = findMisplacement(test, listed.tests) ?? judge(test, result);
    return { name: nameOf(path), file, line, passed: problem === null, message: problem ?? '' };
  });
  return { kind: 'ran', tests };
}

/** Whoever writes such a test believes that it runs. */
function findMisplacement(test: TestRule, tests: readonly TestRule[]): string | null {
  const [root, ...names] = test.path;
  if (root !== testPackage) {
    const found = test.path.slice(0, -1).join('.');
    return `tests of package ${found} do not run: move it to package ${testPackage}`;
  }
  const same = tests.find((other) => other !== test && other.path.join('.') === test.path.join('.'));
  if (same === undefined) return null;
  return `${names.join('.')} stands in ${same.file}:${same.line} too, where it may hide that this one fails: rename it`;
}

function judge({ path }: TestRule, result: EvaluationResult): string | null {
  // The tests are one document: what stops one of them, such as two values of one rule, leaves none with a value.
  if (result.kind === 'error') return result.message;
  const value = valueAt(result.value, path.slice(1));
  if (value === true) return null;
  if (value === undefined) return 'not true: one of its expressions is false or undefined';
  return `${JSON.stringify(value)}, and a test passes where it is true`;
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined,
    document,
  );
}

function nameOf(path: readonly string[]): string {
  return (path[0] === testPackage ? path.slice(1) : path).join('.');
}
