import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { opaVersion } from '../../src/rego/index.ts';

const run = promisify(execFile);

/** What `opa bench` prints: N evaluations took T nanoseconds. */
const benchSchema = z.object({ N: z.number(), T: z.number() });

export interface NativePolicy {
  readonly source: string;
  readonly data: unknown;
  /** JSON. */
  readonly input: string;
}

/** @returns the path of OPA, built from the Go module proxy; `OPA=PATH` takes one that is there. */
export async function ensureOpa(folder: string): Promise<string> {
  if (process.env.OPA) return process.env.OPA;
  console.log('building OPA …');
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
  await run('go', ['install', `github.com/open-policy-agent/opa@v${opaVersion}`], { env, cwd: folder });
  return join(folder, 'opa');
}

/**
 * Writes the policy's files to a folder of its own.
 *
 * @returns what measures the evaluations of `data.approval` a second, with `opa bench`
 */
export async function prepareNative(
  opa: string,
  folder: string,
  { source, data, input }: NativePolicy,
): Promise<() => Promise<number>> {
  await mkdir(folder, { recursive: true });
  const files = { 'policy.rego': source, 'data.json': JSON.stringify(data), 'input.json': input };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const given = ['policy.rego', 'data.json'].flatMap((file) => ['--data', join(folder, file)]);
  const options = ['--input', join(folder, 'input.json'), '--format', 'json', '--metrics=false'];
  return async () => {
    // Both sides get one processor: `opa bench` evaluates one after the other, GOMAXPROCS=1 keeps its collector there too.
    const env = { ...process.env, GOMAXPROCS: '1' };
    const { stdout } = await run(opa, ['bench', ...given, ...options, 'data.approval'], { env });
    const { N, T } = benchSchema.parse(JSON.parse(stdout));
    return N / (T / 1e9);
  };
}
