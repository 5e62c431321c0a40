import type { Bundle } from '../distribution/index.ts';
import type { CompileResult } from '../rego/index.ts';
import type { PolicyCompiler } from './ports.ts';

/** @returns the policy that a bundle holds: compiled already, or of its Rego. */
export function compileBundled(
  { wasm, modules, data }: Pick<Bundle, 'wasm' | 'modules' | 'data'>,
  compiler: Pick<PolicyCompiler, 'compile' | 'adopt'>,
  owner?: string,
): Promise<CompileResult> {
  return wasm ? compiler.adopt(wasm, { data }) : compiler.compile(modules, { data, ...(owner ? { owner } : {}) });
}
