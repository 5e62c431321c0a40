import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { cached, digestOf } from './build-cache.ts';
import { ensureGoTool } from './go-tool.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

const MODULE = 'github.com/tektoncd/pipeline';
const folder = join(repositoryRoot, 'test', 'tekton');

/**
 * Takes Tekton's own manifests out of the Go module in the version of test/tekton/go.mod. No dependency of it is loaded.
 *
 * @returns the folder that holds `300-crds` and the configuration
 */
export async function ensureTektonConfig(): Promise<string> {
  const sources = [await readFile(join(folder, 'go.mod')), await readFile(join(folder, 'go.sum'))];
  return cached('tekton-config', digestOf(sources), async (output) => {
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', MODULE], {
      cwd: folder,
      env: { ...process.env, GOWORK: 'off' },
    });
    const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(stdout));
    await cp(join(Dir, 'config'), output, { recursive: true });
  });
}

/**
 * Builds Tekton's controller in the version of test/tekton/go.mod, once for all checkouts of this user.
 *
 * @returns the path of the program
 * @throws DevError that says what is missing or what Go said
 */
export function ensureTektonController(report: Report = console.error): Promise<string> {
  return ensureGoTool(
    {
      name: 'tekton-controller',
      title: "Tekton's controller",
      module: folder,
      package: `${MODULE}/cmd/controller`,
      coldDuration: '4 minutes',
      withoutGo: 'Only the test against the real Tekton needs it.',
    },
    report,
  );
}
