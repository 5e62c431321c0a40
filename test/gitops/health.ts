import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { ensureGitopsHealth } from '../../src/dev/index.ts';

const Answers = z.array(
  z.strictObject({
    status: z.string().optional(),
    message: z.string().optional(),
    result: z.record(z.string(), z.unknown()).optional(),
    patch: z.record(z.string(), z.unknown()).optional(),
    error: z.string().optional(),
  }),
);
export type HealthAnswer = z.infer<typeof Answers>[number];

interface HealthQuestion {
  /** As the API server gives them. */
  readonly objects: readonly unknown[];
  /** Lua that is asked in place of kstatus. */
  readonly script?: string;
  /** Argo CD's `actionParams`. */
  readonly params?: Readonly<Record<string, string>>;
  /** The script is an action: the answer is the merge patch that Argo CD sends for it. */
  readonly patch?: boolean;
}

/** @returns what kstatus, or the script in Argo CD's Lua, makes of each object */
export async function askHealth(question: HealthQuestion): Promise<readonly HealthAnswer[]> {
  const child = spawn(await ensureGitopsHealth(), { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(question));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (stderr !== '') throw new Error(stderr);
  return Answers.parse(JSON.parse(stdout));
}
