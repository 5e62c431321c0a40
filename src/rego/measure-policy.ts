import { builtins } from './builtins/index.ts';
import type { EvaluationRequest } from './evaluator.ts';
import { instantiatePolicy } from './policy-instance.ts';

/** What evaluations of one policy take. */
export interface PolicyMeasurement {
  /** Of each evaluation, ascending. */
  readonly microseconds: readonly number[];
  /** What the policy's memory has grown to. */
  readonly memoryBytes: number;
}

interface MeasureOptions {
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
  { warmUps, durationMs }: MeasureOptions,
): Promise<PolicyMeasurement> {
  const module = await WebAssembly.compile(Uint8Array.from(policy.wasm));
  const { memoryBytes } = limits;
  const instance = instantiatePolicy({ module, data: JSON.stringify(data ?? {}), memoryBytes, builtins });
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
