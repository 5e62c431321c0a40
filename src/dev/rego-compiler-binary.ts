import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, digestOf } from './build-cache.ts';
import { goBuild } from './go-build.ts';
import { readGoSources } from './go-sources.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

const NAME = 'opa-compiler.wasm';
const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-buildmode=c-shared'];
const ENV = { GOOS: 'wasip1', GOARCH: 'wasm', CGO_ENABLED: '0' };

/**
 * Builds the Rego compiler from compiler/, once for all checkouts of this user with the same sources, and puts it at
 * compiler/dist/opa-compiler.wasm.
 *
 * @param report takes lines on the progress of a build that lasts
 * @returns the path in this checkout
 * @throws DevError that says what is missing or what Go said
 */
export async function ensureCompiler(report: Report = console.error): Promise<string> {
  const module = join(repositoryRoot, 'compiler');
  const digest = digestOf([...(await readGoSources(module)), JSON.stringify({ FLAGS, ENV })]);
  const folder = await cached('compiler', digest, (output) =>
    goBuild(
      {
        title: 'the Rego compiler (OPA as WebAssembly)',
        coldDuration: 'about 2 minutes on 2 cores',
        withoutGo: 'Assent as installed from npm brings the compiler; only a checkout builds it.',
        folder: module,
        env: ENV,
        flags: FLAGS,
        output: join(output, NAME),
        packages: ['.'],
      },
      report,
    ),
  );
  const target = join(module, 'dist', NAME);
  await place(join(folder, NAME), target);
  return target;
}

// A copy and no link, so that whoever changes the file in the checkout does not change the cache. Renamed, so that a
// process that reads it at this moment sees the old one or the new one. Left alone when equal: others watch its time.
async function place(source: string, target: string): Promise<void> {
  if (existsSync(target) && (await readFile(target)).equals(await readFile(source))) return;
  await mkdir(join(target, '..'), { recursive: true });
  const copying = `${target}.${process.pid}`;
  await copyFile(source, copying);
  await rename(copying, target);
}
