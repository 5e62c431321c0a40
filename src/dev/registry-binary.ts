import { join } from 'node:path';
import { ensureGoTool } from './go-tool.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

/**
 * Builds the registry (github.com/distribution/distribution) in the version of test/registry/go.mod, once for all
 * checkouts of this user.
 *
 * @returns the path of the program
 * @throws DevError that says what is missing or what Go said
 */
export function ensureRegistry(report: Report = console.error): Promise<string> {
  return ensureGoTool(
    {
      name: 'registry',
      title: 'the OCI registry',
      module: join(repositoryRoot, 'test', 'registry'),
      package: 'github.com/distribution/distribution/v3/cmd/registry',
      coldDuration: 'two minutes',
      withoutGo: 'Only the tests of bundles need the registry.',
    },
    report,
  );
}
