export type {
  CompiledPolicy,
  CompileError,
  CompileResult,
  Finding,
  FormatResult,
  InstrumentedPolicy,
  InstrumentResult,
  LintResult,
  PolicyData,
  TestList,
  TestRule,
  TracedExpression,
  TracedRule,
  TraceSite,
} from './compile-result.ts';
export { mayPass } from './compile-result.ts';
export {
  type CompileOptions,
  type Compiler,
  type CompilerOptions,
  createCompiler,
  type LintOptions,
  opaVersion,
} from './compiler.ts';
export type { EvaluationErrorCode } from './evaluation-error.ts';
export {
  createEvaluator,
  type EvaluationLimits,
  type EvaluationRequest,
  type EvaluationResult,
  type Evaluator,
  type EvaluatorOptions,
} from './evaluator.ts';
export { measurePolicy, type PolicyMeasurement } from './measure-policy.ts';
export { type RegoTest, type RegoTestRun, runRegoTests } from './rego-tests.ts';
export type { TracePoint } from './trace.ts';
