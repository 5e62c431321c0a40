import { join } from 'node:path';
import { ensureGoTool } from './go-tool.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

/**
 * Builds kind in the version of test/kind/go.mod, once for all checkouts of this user.
 *
 * @returns the path of the program
 * @throws DevError that says what is missing or what Go said
 */
export function ensureKind(report: Report = console.error): Promise<string> {
  return ensureGoTool(
    {
      name: 'kind',
      title: 'kind',
      module: join(repositoryRoot, 'test', 'kind'),
      package: 'sigs.k8s.io/kind',
      coldDuration: 'half a minute',
      withoutGo: 'Or install kind itself (https://kind.sigs.k8s.io).',
    },
    report,
  );
}
