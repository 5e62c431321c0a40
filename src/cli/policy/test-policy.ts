import type { AnyApprovalPolicy } from '../../api/index.ts';
import { type CompileError, runRegoTests } from '../../rego/index.ts';
import { CliError } from '../cli-error.ts';
import { compilePolicies } from '../evaluate/evaluate-offline.ts';
import { judgeCase } from './judge-case.ts';
import { loadCases, type PolicyCase } from './policy-case.ts';
import type { PolicySource } from './policy-source.ts';
import type { RegoTools } from './rego-tools.ts';

/** One test and how it went. */
export interface TestResult {
  readonly kind: 'rego' | 'case';
  readonly name: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly passed: boolean;
  /** Why it failed, a line each; empty where it passed. */
  readonly problems: readonly string[];
}

/** The tests of one policy. */
export interface TestedPolicy {
  readonly path: string;
  readonly name: string;
  readonly tests: readonly TestResult[];
}

/**
 * Runs the Rego tests and the cases of a policy, in the runtime that decides and through the operator's own code.
 *
 * @param pattern the names of the tests to run; null: all
 * @throws CliError where something does not compile, or a case is none
 */
export async function testPolicy(
  source: PolicySource,
  pattern: RegExp | null,
  tools: RegoTools,
): Promise<TestedPolicy> {
  const { path, policy } = source;
  const compiled = await tools.compiler.compile(source.modules);
  if (compiled.kind === 'failed') throw new CliError(compiled.errors.map((error) => describeError(source, error)));
  const cases = source.caseFiles.flatMap(loadCases);
  const tests = [...(await runRego(source, tools)), ...(await runCases(policy, cases, pattern, tools))];
  return { path, name: policy.metadata.name, tests: tests.filter(({ name }) => pattern?.test(name) ?? true) };
}

async function runRego(source: PolicySource, tools: RegoTools): Promise<readonly TestResult[]> {
  const { policy, tests } = source;
  if (Object.keys(tests).length === 0) return [];
  const run = await runRegoTests({ ...tests, ...policy.spec.modules }, tools);
  if (run.kind === 'failed') throw new CliError(run.errors.map((error) => describeError(source, error)));
  return run.tests.map(({ name, file, line, passed, message }) => {
    const place = source.locate({ file, line, column: 1 });
    return { kind: 'rego', name, file: place.file, line: place.line, passed, problems: passed ? [] : [message] };
  });
}

/** @returns an error as editors find its place. */
function describeError(source: PolicySource, { code, message, ...at }: CompileError): string {
  const { file, line, column } = source.locate(at);
  return `${file}:${line}:${column}: ${code}: ${message}`;
}

async function runCases(
  policy: AnyApprovalPolicy,
  cases: readonly PolicyCase[],
  pattern: RegExp | null,
  { compiler, evaluator }: RegoTools,
): Promise<readonly TestResult[]> {
  if (cases.length === 0) return [];
  const catalog = await compilePolicies([policy], compiler);
  const results: TestResult[] = [];
  for (const each of cases.filter(({ name }) => pattern?.test(name) ?? true)) {
    const parameters = { ...policy.spec.parameters, ...each.parameters };
    // The modules stay the same, so the policy stays compiled.
    catalog.observe(policy.kind, { ...policy, spec: { ...policy.spec, parameters } });
    const problems = await judgeCase(inNamespaceOf(policy, each), { catalog, evaluator });
    const { name, file, line } = each;
    results.push({ kind: 'case', name, file, line, passed: problems.length === 0, problems });
  }
  return results;
}

/** A team's policy judges the versions of its namespace: where a case names none, that one is meant. */
function inNamespaceOf({ kind, metadata }: AnyApprovalPolicy, each: PolicyCase): PolicyCase {
  if (kind !== 'ApprovalPolicy' || each.modelVersion.metadata.namespace !== undefined) return each;
  const { namespace } = metadata;
  if (namespace === undefined) return each;
  const { modelVersion } = each;
  return { ...each, modelVersion: { ...modelVersion, metadata: { ...modelVersion.metadata, namespace } } };
}
