import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, digestOf } from './build-cache.ts';
import { goBuild } from './go-build.ts';
import { hostTarget } from './host-target.ts';
import type { Report } from './progress.ts';

const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];

/** A program that a module without code of its own names in its go.mod. */
interface GoTool {
  /** The program's name, and its folder's in the cache. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** The folder of go.mod. */
  readonly module: string;
  readonly package: string;
  readonly coldDuration: string;
  readonly withoutGo: string;
}

/**
 * Builds a program in the version of its go.mod, once for all checkouts of this user.
 *
 * @returns the path of the program
 * @throws DevError that says what is missing or what Go said
 */
export async function ensureGoTool(tool: GoTool, report: Report): Promise<string> {
  const { name, title, module, coldDuration, withoutGo } = tool;
  const env = { ...hostTarget(), CGO_ENABLED: '0' };
  const sources = [await readFile(join(module, 'go.mod')), await readFile(join(module, 'go.sum'))];
  const folder = await cached(name, digestOf([...sources, JSON.stringify({ FLAGS, env })]), (output) =>
    goBuild(
      {
        title,
        coldDuration,
        withoutGo,
        folder: module,
        env,
        flags: FLAGS,
        output: join(output, name),
        packages: [tool.package],
      },
      report,
    ),
  );
  return join(folder, name);
}
