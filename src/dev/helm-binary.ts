import { join } from 'node:path';
import { ensureGoTool } from './go-tool.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

/**
 * Builds Helm in the version of test/chart/go.mod, once for all checkouts of this user.
 *
 * @returns the path of the program
 * @throws DevError that says what is missing or what Go said
 */
export function ensureHelm(report: Report = console.error): Promise<string> {
  return ensureGoTool(
    {
      name: 'helm',
      title: 'Helm',
      module: join(repositoryRoot, 'test', 'chart'),
      package: 'helm.sh/helm/v4/cmd/helm',
      coldDuration: 'half a minute (3 minutes where no control plane was built)',
      withoutGo: 'Only the tests of the chart need Helm.',
    },
    report,
  );
}
