import { join } from 'node:path';
import { cached, digestOf } from './build-cache.ts';
import { goBuild } from './go-build.ts';
import { readGoSources } from './go-sources.ts';
import { hostTarget } from './host-target.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

const NAME = 'native-opa';
const FLAGS = ['-trimpath', '-buildvcs=false'];

/**
 * Builds `compiler/native`, OPA's own interpreter for tests to compare with, once for all checkouts of this user with
 * the same sources.
 *
 * @returns the program's path
 * @throws DevError that says what is missing or what Go said
 */
export async function ensureNativeOpa(report: Report = console.error): Promise<string> {
  const module = join(repositoryRoot, 'compiler');
  const env = { ...hostTarget(), CGO_ENABLED: '0' };
  const digest = digestOf([...(await readGoSources(module)), JSON.stringify({ FLAGS, env })]);
  const folder = await cached('native-opa', digest, (output) =>
    goBuild(
      {
        title: 'OPA for this machine',
        coldDuration: 'about a minute on 2 cores',
        withoutGo: 'Nothing can stand in for it: tests compare with what it says.',
        folder: module,
        env,
        flags: FLAGS,
        output: join(output, NAME),
        packages: ['./native'],
      },
      report,
    ),
  );
  return join(folder, NAME);
}
