export type { CompiledPolicy, CompileError, CompileResult, FormatResult } from './compile-result.ts';
export { type Compiler, type CompilerOptions, createCompiler, opaVersion } from './compiler.ts';
export type { EvaluationErrorCode } from './evaluation-error.ts';
export {
  createEvaluator,
  type EvaluationLimits,
  type EvaluationRequest,
  type EvaluationResult,
  type Evaluator,
  type EvaluatorOptions,
} from './evaluator.ts';
