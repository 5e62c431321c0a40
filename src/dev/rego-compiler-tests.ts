import { join } from 'node:path';
import { runGo } from './go-command.ts';
import { hostTarget } from './host-target.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

/**
 * Runs the tests that the Rego compiler has in Go: of what only OPA's own sources tell.
 *
 * @throws DevError with what Go said where one fails, or with what to install where there is no `go`
 */
export function testCompilerInGo(report: Report): Promise<void> {
  return runGo(
    {
      title: 'Testing the Rego compiler',
      // OPA is built once more, for this machine.
      coldDuration: 'about a minute on 2 cores',
      withoutGo: 'Nothing can stand in for it: the tests read the sources of OPA.',
      folder: join(repositoryRoot, 'compiler'),
      env: { ...hostTarget(), CGO_ENABLED: '0' },
      args: ['test', '-trimpath', '-buildvcs=false', './...'],
    },
    report,
  );
}
