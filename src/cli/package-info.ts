import { readFileSync } from 'node:fs';
import { z } from 'zod';

const PackageJson = z.object({ version: z.string(), description: z.string() });

/** @returns what package.json says of this version: the same file in a checkout and in the published package. */
export function readPackageInfo(): z.infer<typeof PackageJson> {
  return PackageJson.parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));
}
