import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { buildProgram } from '../../src/cli/build-program.ts';
import { repositoryRoot } from '../../src/dev/index.ts';
import { CLI, runCli } from './run-cli.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

const PackageJson = z.object({ engines: z.object({ node: z.string() }) });

let folder: string;
/** Of a cluster that is not there: what gets as far as a request says so. */
let dead: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-mistakes-'));
  dead = join(folder, 'kubeconfig');
  await writeFile(
    dead,
    stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

describe('a mistake in the use is told before anything is sent:', () => {
  const approve = (...args: readonly string[]) => ['approve', 'fraud-7', ...args];
  test.for<readonly [string, readonly string[], string]>([
    ['a decision has no reason', approve(), "required option '--reason <text>' not specified"],
    ['the reason is blank', approve('--reason', ' \t'), 'Give a reason, in your own words.'],
    ['the reason has 1,025 characters', approve('--reason', '🙂'.repeat(1025)), 'at most 1024 characters: shorten it'],
    ['two versions are named', approve('fraud-8', '--reason', 'ok'), 'too many arguments'],
    ['the timeout is no duration', approve('--reason', 'ok', '--timeout', 'soon'), 'reads like 100ms, 30s or 5m'],
    ['the generation is no number', approve('--reason', 'ok', '--generation', 'new'), 'whole number from 1'],
    ['the stage is Rejected', ['list', '--stage', 'Rejected'], 'write stage: Archived'],
    ['the stage asked for is Rejected', ['list', '--requested', 'Rejected'], 'write stage: Archived'],
    ['there is no such stage', ['list', '--stage', 'prod'], 'one of None, Staging, Production, Archived'],
    ['there is no such format', ['list', '-o', 'xml'], 'table, wide, json, yaml, name, map'],
    ['all namespaces and one are asked for', ['list', '-A', '-n', 'risk'], "cannot be used with option '-n"],
    ['the namespace is empty', ['list', '-n', ''], "option '-n, --namespace <name>' is empty"],
    [
      'an option takes the file too',
      ['policy', 'eval', '-p', 'policies/accuracy', 'waiting.yaml'],
      "option '-p, --policy <path...>' takes all that follows it: write <file> before it, or put -- between them",
    ],
    ['so it is of a version', ['status', 'churn-3', '-n', ''], "option '-n, --namespace <name>' is empty"],
    ['the name is empty', ['status', ''], "argument 'name' is empty"],
    ['there is no name after the kind', approve('--reason', 'ok').with(1, 'mv/'), "argument 'name' is empty"],
    ['what to verify is empty', ['verify', ''], "argument 'target' is empty"],
    ['the model is empty', ['gate', '--model', '', '--version', '7'], "option '--model <name>' is empty"],
    ['a group has no name', ['gate', '--approvers', 'alice', 'group:'], 'write group:NAME, as in group:ml-leads'],
    ['one of the policies is empty', ['policy', 'check', 'policies/accuracy', ''], "argument 'file' is empty"],
    ['no namespace is named', ['operator', '--namespaces', ''], 'It is empty: is a variable unset?'],
    ['a namespace in a list is empty', ['operator', '--namespaces', 'a,,b'], 'It is empty: is a variable unset?'],
    ['a namespace is none', ['operator', '--namespaces', 'a', 'Risk_1'], 'Risk_1 is no namespace: a name has'],
    ['the user is empty', ['dev', 'kubeconfig', '--user', ''], "option '--user <name>' is empty"],
    ['there is no such shell', ['completion', 'csh'], 'bash, zsh, fish'],
    ['there is no such command', ['aprove', 'fraud-7'], 'Did you mean approve?'],
  ])('%s', async ([, args, says]) => {
    // In this process, which is quicker. What asked the cluster, which is not there, would end in a KubeApiError.
    vi.stubEnv('KUBECONFIG', dead);
    const program = await buildProgram(() => {}, { args });
    const told: string[] = [];
    for (const command of [program, ...program.commands.flatMap((called) => [called, ...called.commands])])
      command.configureOutput({ writeErr: (text) => void told.push(text) });
    await expect(program.parseAsync(args, { from: 'user' })).rejects.toThrow(CommanderError);
    expect(told.join('')).toContain(says);
  });

  test('and the exit code is 2', async () => {
    expect(await runCli(['approve', 'fraud-7'])).toMatchObject({ status: 2, stdout: '' });
  });
});

describe.concurrent('the fix is named, without a stack trace, where', () => {
  test.for<readonly [string, readonly string[], Readonly<Record<string, string | undefined>>, string]>([
    ['the cluster is not reached', [], {}, 'is the cluster running?\nit was asked by context x of '],
    ['a reason of 1,024 characters gets as far', ['--reason', '🙂'.repeat(1024)], {}, 'is the cluster running?'],
    ['the kubeconfig is not there', ['--kubeconfig', 'gone'], {}, 'The kubeconfig gone cannot be read: ENOENT'],
    [
      'the context is not there',
      ['--context', 'y'],
      {},
      'kubeconfig has no context y; did you mean x? Choose with --context NAME.',
    ],
    ['no cluster is named', [], { KUBECONFIG: undefined }, 'No cluster. Give --kubeconfig FILE, or set KUBECONFIG.'],
  ])('%s', async ([, args, env, says], { expect }) => {
    const command = args[0] === '--reason' ? 'approve' : 'status';
    const run = await runCli([command, 'fraud-7', ...args], {
      cwd: folder,
      env: { KUBECONFIG: dead, HOME: folder, ...env },
    });
    expect(run.stderr).toContain(says);
    expect(run.stderr).not.toMatch(/^\s+at /m);
    expect(run).toMatchObject({ status: 2, stdout: '' });
  });
});

test.for<readonly [string, readonly string[], Readonly<Record<string, string>>]>([
  ['--junit', ['--junit', '/nodir/x.xml'], {}],
  ['GITHUB_OUTPUT', [], { GITHUB_OUTPUT: '/nodir/x.xml' }],
])('a gate tells that it cannot write the file of %s before it asks and waits', async ([source, args, env]) => {
  const subject = ['--model', 'fraud', '--version', '7', '--by-policy'];
  const run = await runCli(['gate', ...subject, ...args], { env: { KUBECONFIG: dead, ...env } });
  expect(run.stderr).toContain(`${source}: /nodir/x.xml cannot be written: ENOENT`);
  expect(run).toMatchObject({ status: 2, stdout: '' });
});

test('a folder of its name does not hide the version that is to be verified', async () => {
  await Promise.all([mkdir(join(folder, 'fraud-7')), mkdir(join(folder, 'mv'))]);
  await writeFile(join(folder, 'mv', 'fraud-7'), '');
  for (const target of ['fraud-7', 'mv/fraud-7']) {
    const run = await runCli(['verify', target], { cwd: folder, env: { KUBECONFIG: dead } });
    expect(run.stderr).toContain('is the cluster running?');
    expect(run).toMatchObject({ status: 2, stdout: '' });
  }
  expect((await runCli(['verify', './mv'], { cwd: folder })).stderr).toBe(
    './mv is a folder: give a file in it, or the name of a ModelVersion\n',
  );
  // No version has a name like this: the cluster is not asked.
  expect((await runCli(['verify', './gone.json'], { cwd: folder })).stderr).toBe('./gone.json: no such file\n');
});

test('help takes the words of a command, and knows which it does not', async () => {
  const [help, unknown, option] = await Promise.all([
    runCli(['help', 'policy', 'eval']),
    runCli(['help', 'policy', 'evl']),
    runCli(['policy', 'eval', '--help']),
  ]);
  expect(help).toEqual({ ...option, status: 0, stderr: '' });
  expect(unknown).toMatchObject({ status: 2, stdout: '' });
  expect(unknown.stderr).toContain("error: unknown command 'evl'\n(Did you mean eval?)");
});

test('as a plugin of kubectl it calls itself so', async () => {
  const link = join(folder, 'kubectl-assent');
  await symlink(CLI, link);
  const [help, mistake] = await Promise.all([runCli(['status', '--help'], { link }), runCli(['status'], { link })]);
  expect(help.stdout).toContain('Usage: kubectl assent status <name> [options]');
  expect(mistake.stderr).toContain('(kubectl assent help COMMAND tells more)');
});

describe('what becomes of the output leaves the result as it is:', () => {
  const denied = join(repositoryRoot, 'examples', 'modelversions', 'denied.yaml');
  const evaluate = `evaluate -f '${denied}' -p '${join(repositoryRoot, 'policies', 'accuracy')}' -o json`;
  test.for([
    { title: 'a reader that has seen enough is no error', command: 'completion bash | true', says: 'exit code 0' },
    { title: 'nor does it make an approval of a rejection', command: `${evaluate} | true`, says: 'exit code 1' },
    { title: 'an error is not less one where nobody reads it', command: 'aprove 2> /dev/full', says: 'exit code 2' },
  ])('$title', async ({ command, says }) => {
    expect(await runShell(command)).toEqual({ stdout: `${says}\n`, stderr: '' });
  });

  test('output that cannot be written is one line, and the exit code is 2', async () => {
    expect(await runShell(`${evaluate} > /dev/full`)).toEqual({
      stdout: 'exit code 2\n',
      stderr: 'standard output cannot be written: ENOSPC: no space left on device, write\n',
    });
  });
});

/** Runs `assent` as a user would write it, and prints its exit code. */
function runShell(command: string) {
  const script = `set -o pipefail; "$0" "$1" ${command}; echo "exit code $?"`;
  return promisify(execFile)('bash', ['-c', script, process.execPath, CLI]);
}

test.for(['20.19.5', '22.11.0'])('Node %s is told to be too old', async (version) => {
  const { engines } = PackageJson.parse(JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8')));
  const preload = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const run = await runCli(['--version'], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` },
  });
  expect(run).toMatchObject({ status: 2, stdout: '' });
  expect(run.stderr).toContain(`assent needs Node ${engines.node.replace('>=', '')} or later; this is ${version}`);
});
