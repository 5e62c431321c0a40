import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, digestOf } from './build-cache.ts';
import { goBuild } from './go-build.ts';
import { hostTarget } from './host-target.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];

/**
 * Builds kind in the version of test/kind/go.mod, once for all checkouts of this user.
 *
 * @returns the path of the program
 * @throws DevError that says what is missing or what Go said
 */
export async function ensureKind(report: Report = console.error): Promise<string> {
  const module = join(repositoryRoot, 'test', 'kind');
  const env = { ...hostTarget(), CGO_ENABLED: '0' };
  const sources = [await readFile(join(module, 'go.mod')), await readFile(join(module, 'go.sum'))];
  const folder = await cached('kind', digestOf([...sources, JSON.stringify({ FLAGS, env })]), (output) =>
    goBuild(
      {
        title: 'kind',
        coldDuration: 'half a minute',
        withoutGo: 'Or install kind itself (https://kind.sigs.k8s.io).',
        folder: module,
        env,
        flags: FLAGS,
        output: join(output, 'kind'),
        packages: ['sigs.k8s.io/kind'],
      },
      report,
    ),
  );
  return join(folder, 'kind');
}
