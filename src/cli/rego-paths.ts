import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../config/index.ts';
import { CliError } from './cli-error.ts';

/**
 * @returns where the Rego compiler is (the same place in a checkout and in the published package), and its cache.
 * @throws CliError where it is not there: compiling without it would be told as an error of the policy
 */
export function regoPaths(): { readonly reactor: string; readonly cacheFolder: string } {
  const reactor = fileURLToPath(new URL('../../compiler/dist/opa-compiler.wasm', import.meta.url));
  if (!existsSync(reactor))
    throw new CliError([
      `the Rego compiler ${reactor} is missing: in a checkout \`npm run -s assent -- policy check policies\` builds it; a package brings it: install it again`,
    ]);
  return {
    reactor,
    cacheFolder: join(readConfig(process.env).cacheFolder, 'policies'),
  };
}
