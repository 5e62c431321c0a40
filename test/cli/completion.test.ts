import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { repositoryRoot } from '../../src/dev/index.ts';
import { complete, hasProgram, installCompletion, SHELLS } from './shells.ts';

// Each test starts a shell, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-completion-'));
  await installCompletion(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const CASES: readonly (readonly [what: string, words: readonly string[], expected: string])[] = [
  ['a command', ['assent', 'appr'], 'approve'],
  ['a command of a command', ['assent', 'dev', 'kub'], 'kubeconfig'],
  ["an option of a command's command", ['assent', 'policy', 'test', '--cov'], '--coverage'],
  ["the choices of its option's value", ['assent', 'policy', 'check', '-o', 'jun'], 'junit'],
  ['a command to be helped with', ['assent', 'help', 'hist'], 'history'],
  ["a command's command to be helped with", ['assent', 'help', 'policy', 'ev'], 'eval'],
  ['an option', ['assent', 'list', '--req'], '--requested'],
  ['the choices of an option', ['assent', 'list', '--stage', 'Pr'], 'Production'],
  ['the choices of a short option, after another', ['assent', 'list', '-n', 'risk', '-o', 'js'], 'json'],
  ['the choices of an argument', ['assent', 'completion', 'f'], 'fish'],
  ["kubectl's plugin", ['kubectl-assent', 'rev'], 'revoke'],
];

describe.concurrent.each(SHELLS)('%s completes', (shell) => {
  test.for(CASES)('%s', async ([, words, expected], { expect, skip }) => {
    skip(!hasProgram(shell), `${shell} is not installed`);
    const line = [...words.slice(0, -1), expected].join(' ');
    expect(await complete(shell, folder, words)).toEqual([shell === 'zsh' ? `${line} ` : expected]);
  });

  test('the choices of an option that is written with =', async ({ expect, skip }) => {
    skip(!hasProgram(shell), `${shell} is not installed`);
    const expected = { bash: 'yaml', zsh: 'assent list --output=yaml ', fish: '--output=yaml' };
    expect(await complete(shell, folder, ['assent', 'list', '--output=ya'])).toEqual([expected[shell]]);
  });

  test('nothing where the user alone knows', async ({ expect, skip }) => {
    skip(!hasProgram(shell), `${shell} is not installed`);
    const words = ['assent', 'approve', '--reason', 'x'];
    expect(await complete(shell, folder, words)).toEqual(shell === 'zsh' ? [words.join(' ')] : []);
  });
});

test('bash offers all that there is where nothing is written yet', async () => {
  expect(await complete('bash', folder, ['assent', 'list', '-o', ''])).toEqual([
    'table',
    'wide',
    'json',
    'yaml',
    'name',
    'map',
  ]);
});

describe('the program of docs/cli.md completes kubectl assent', () => {
  let program: string;
  beforeAll(async () => {
    const page = await readFile(join(repositoryRoot, 'docs', 'cli.md'), 'utf8');
    const [, script = ''] = /^```sh\n(#!.*?)^```$/ms.exec(page) ?? [];
    program = join(folder, 'kubectl_complete-assent');
    await writeFile(program, script, { mode: 0o755 });
  });

  test.for<[what: string, words: readonly string[], expected: readonly string[]]>([
    ['a command', ['appr'], ['approve', ':4']],
    ['an option of the command of a command', ['policy', 'test', '--cov'], ['--coverage', ':4']],
    ['the choices of an option', ['list', '--stage', 'Pr'], ['Production', ':4']],
    ['files, which the shell knows', ['policy', 'fmt', ''], [':0']],
    ['nothing where the user alone knows', ['approve', '--reason', 'x'], [':4']],
  ])('%s', async ([, words, expected]) => {
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
    const { stdout, stderr } = await promisify(execFile)(program, words, { env });
    expect({ offered: stdout.split('\n').filter(Boolean), stderr }).toEqual({ offered: expected, stderr: '' });
  });
});
