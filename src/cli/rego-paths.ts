import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../config/index.ts';

/** @returns where the Rego compiler is (the same place in a checkout and in the published package), and its cache. */
export function regoPaths(): { readonly reactor: string; readonly cacheFolder: string } {
  return {
    reactor: fileURLToPath(new URL('../../compiler/dist/opa-compiler.wasm', import.meta.url)),
    cacheFolder: join(readConfig(process.env).cacheFolder, 'policies'),
  };
}
