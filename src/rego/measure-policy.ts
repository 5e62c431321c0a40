import { builtins, opaBuiltins } from './builtins/index.ts';
import type { EvaluationRequest } from './evaluator.ts';
import { instantiatePolicy } from './policy-instance.ts';
import { builtinMemoryBytes, compileReactor } from './reactor.ts';

/** What evaluations of one policy take. */
export interface PolicyMeasurement {
  /** Of each evaluation, ascending. */
  readonly microseconds: readonly number[];
  /** What the policy's memory has grown to. */
  readonly memoryBytes: number;
}

interface MeasureOptions {
  /** Path of the reactor that `compiler/` builds: it has OPA's builtins. */
  readonly reactor: string;
  /** Not measured: the engine compiles what is called often. */
  readonly warmUps: number;
  /** Measures as many as fit. */
  readonly durationMs: number;
}

/**
 * Evaluates one policy again and again in this thread, as an evaluation worker does. Nothing stops an evaluation that
 * does not end: evaluate it once with an `Evaluator` before.
 *
 * @throws EvaluationError
 */
export async function measurePolicy(
  { policy, data, input, limits }: EvaluationRequest,
  { reactor, warmUps, durationMs }: MeasureOptions,
): Promise<PolicyMeasurement> {
  const module = await WebAssembly.compile(Uint8Array.from(policy.wasm));
  const { memoryBytes } = limits;
  const opa = policy.builtins.some((name) => opaBuiltins.has(name)) ? await startOpa(reactor) : null;
  const builtinReactor = () => {
    if (!opa) throw new Error("the policy calls OPA's builtins and says that it does not");
    return opa;
  };
  const document = JSON.stringify(data ?? {});
  const instance = instantiatePolicy({ module, data: document, memoryBytes, builtins, builtinReactor });
  for (let run = 0; run < warmUps; run++) instance.evaluate(input);
  const microseconds: number[] = [];
  const endMs = performance.now() + durationMs;
  for (let startMs = performance.now(); startMs < endMs; ) {
    instance.evaluate(input);
    const nowMs = performance.now();
    microseconds.push((nowMs - startMs) * 1000);
    startMs = nowMs;
  }
  return { microseconds: microseconds.toSorted((a, b) => a - b), memoryBytes: instance.memoryBytes };
}

/** Loaded by need: where WASI is loaded, Node warns that it is experimental. */
async function startOpa(reactor: string) {
  const { startBuiltinReactor } = await import('./builtin-reactor.ts');
  return startBuiltinReactor(await compileReactor(reactor, builtinMemoryBytes));
}
