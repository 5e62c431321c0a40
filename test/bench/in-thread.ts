import { builtins } from '../../src/rego/builtins/index.ts';
import type { CompiledPolicy } from '../../src/rego/index.ts';
import { instantiatePolicy } from '../../src/rego/policy-instance.ts';

interface Evaluation {
  readonly policy: CompiledPolicy;
  readonly data: unknown;
  /** JSON. */
  readonly input: string;
  readonly memoryBytes: number;
}

/** @returns what one worker of the pool does for each evaluation, from the input's JSON to the result. */
export async function prepareInThread({ policy, data, input, memoryBytes }: Evaluation): Promise<() => unknown> {
  const module = await WebAssembly.compile(Uint8Array.from(policy.wasm));
  const instance = instantiatePolicy({ module, data: JSON.stringify(data), memoryBytes, builtins, builtinReactor });
  return (): unknown => JSON.parse(instance.evaluate(input));
}

function builtinReactor(): never {
  throw new Error("the benchmarks' policies call no builtin of OPA");
}

/** @returns how many times a second it runs, over the given time. */
export function measurePerSecond(once: () => unknown, milliseconds: number): number {
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < milliseconds) {
    for (let at = 0; at < 100; at++) once();
    count += 100;
  }
  return count / ((performance.now() - startedMs) / 1000);
}
