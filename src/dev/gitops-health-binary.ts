import { join } from 'node:path';
import { cached, digestOf } from './build-cache.ts';
import { goBuild } from './go-build.ts';
import { readGoSources } from './go-sources.ts';
import { hostTarget } from './host-target.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

const NAME = 'gitops-health';
const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];

/**
 * Builds test/gitops/health, which says what kstatus, and a Lua script of Argo CD's, make of an object; once for all
 * checkouts of this user with the same sources.
 *
 * @returns the program's path
 * @throws DevError that says what is missing or what Go said
 */
export async function ensureGitopsHealth(report: Report = console.error): Promise<string> {
  const module = join(repositoryRoot, 'test', 'gitops', 'health');
  const env = { ...hostTarget(), CGO_ENABLED: '0' };
  const digest = digestOf([...(await readGoSources(module)), JSON.stringify({ FLAGS, env })]);
  const folder = await cached(NAME, digest, (output) =>
    goBuild(
      {
        title: 'kstatus and Lua',
        coldDuration: 'half a minute on 2 cores',
        withoutGo: 'Only the tests of GitOps need them.',
        folder: module,
        env,
        flags: FLAGS,
        output: join(output, NAME),
        packages: ['.'],
      },
      report,
    ),
  );
  return join(folder, NAME);
}
