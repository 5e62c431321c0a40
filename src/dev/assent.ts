// `npm run assent -- …`: the CLI from the sources, once what it decides with is built. Imports little: each call waits for it.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const compilerFolder = join(import.meta.dirname, '..', '..', 'compiler');
const compiler = join(compilerFolder, 'dist', 'opa-compiler.wasm');
const [command, subcommand] = process.argv.slice(2);

if ((await buildCompilerIfNeeded()) || existsSync(compiler)) await import('../cli/main.ts');
else process.exitCode = 2;

/** @returns whether the CLI can do what it was asked for; what is in the way is told. */
async function buildCompilerIfNeeded(): Promise<boolean> {
  const compiles = ['evaluate', 'operator', 'policy', 'replay'].includes(command ?? '') && subcommand !== 'init';
  if (!compiles || isUpToDate()) return true;
  const { DevError } = await import('./dev-error.ts');
  const { ensureCompiler } = await import('./rego-compiler-binary.ts');
  try {
    await ensureCompiler(console.error);
    return true;
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
    console.error(error.message);
    return false;
  }
}

/** By the times of files: their digests, which decide, take a tenth of a second. */
function isUpToDate(): boolean {
  if (!existsSync(compiler)) return false;
  const builtAt = statSync(compiler).mtimeMs;
  const sources = readdirSync(compilerFolder).filter((name) => /^go\.(mod|sum)$|\.go$/.test(name));
  return sources.every((name) => statSync(join(compilerFolder, name)).mtimeMs <= builtAt);
}
