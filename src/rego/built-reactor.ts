import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** For tests: the path of the reactor in this checkout. `npm test` builds it before the tests run. */
export async function builtReactor(): Promise<string> {
  const path = fileURLToPath(new URL('../../compiler/dist/opa-compiler.wasm', import.meta.url));
  if (!existsSync(path)) throw new Error(`${path} is missing: npm test builds it (see ARCHITECTURE.md)`);
  return path;
}
