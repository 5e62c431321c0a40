import { type Compiler, createCompiler, createEvaluator, type Evaluator } from '../../rego/index.ts';
import { regoPaths } from '../rego-paths.ts';

/** What compiles and evaluates policies: the same as the operator's. */
export interface RegoTools extends AsyncDisposable {
  readonly compiler: Compiler;
  readonly evaluator: Evaluator;
}

export function openRegoTools(): RegoTools {
  const compiler = createCompiler(regoPaths());
  const evaluator = createEvaluator({ ...regoPaths(), threads: 1 });
  return {
    compiler,
    evaluator,
    async [Symbol.asyncDispose]() {
      await Promise.all([compiler[Symbol.asyncDispose](), evaluator[Symbol.asyncDispose]()]);
    },
  };
}
