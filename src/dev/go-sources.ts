import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** @returns each name and content of what a Go module of ours is built from, in one order on every machine. */
export async function readGoSources(module: string): Promise<readonly (string | Buffer)[]> {
  const names = await readdir(module, { recursive: true });
  const sources = names.filter((name) => /(^|\/)go\.(mod|sum)$|\.go$/.test(name) && !name.endsWith('_test.go')).sort();
  return (await Promise.all(sources.map(async (name) => [name, await readFile(join(module, name))]))).flat();
}
