import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CliRun, runCli } from './run-cli.ts';

/** Path → content. */
export type Files = Readonly<Record<string, string>>;

/** Runs `assent policy` in folders that hold just the files of a test; all share one cache of compiled policies. */
export interface PolicyRunner extends AsyncDisposable {
  /** @returns what a shell sees, and the folder that it saw it in */
  run(args: readonly string[], files?: Files, stdin?: string): Promise<CliRun & { readonly folder: string }>;
}

export async function createPolicyRunner(): Promise<PolicyRunner> {
  const root = await mkdtemp(join(tmpdir(), 'assent-policy-'));
  return {
    async run(args, files = {}, stdin = '') {
      const folder = await mkdtemp(join(root, 'run-'));
      await writeFiles(folder, files);
      const ran = await runCli(['policy', ...args], { cacheFolder: join(root, 'cache'), cwd: folder, stdin });
      return { ...ran, folder };
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  };
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

export const rego = (...rules: readonly string[]) => `package approval\n\n${rules.join('\n\n')}\n`;

export const policyYaml = (spec: string) =>
  `apiVersion: assent.dev/v1alpha1\nkind: ClusterApprovalPolicy\nmetadata: {name: rules}\nspec:\n${spec}`;
