// action.yml passes on what the gate takes, and nothing that nobody gave.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { buildGateCommand } from '../src/cli/gate/gate-command.ts';
import { repositoryRoot } from '../src/dev/index.ts';

const Action = z.looseObject({
  inputs: z.record(z.string(), z.looseObject({ default: z.string().optional() })),
  outputs: z.record(z.string(), z.looseObject({ value: z.string() })),
  runs: z.looseObject({
    steps: z.tuple([z.looseObject({ env: z.record(z.string(), z.string()), run: z.string() })]),
  }),
});
const read = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8');
const action = Action.parse(parse(read('action.yml')));

const folder = mkdtempSync(join(tmpdir(), 'assent-action-'));
writeFileSync(join(folder, 'docker'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Not of a workflow: the action mounts the kubeconfig, and the outputs are what a workflow reads. */
const NOT_PASSED = ['--kubeconfig', '--context', '--output'];
const REPEATED: Readonly<Record<string, string>> = { '--metric': 'metrics', '--parameter': 'parameters' };

const flags = buildGateCommand(() => undefined)
  .options.map(({ long }) => long ?? '')
  .filter((flag) => !NOT_PASSED.includes(flag));
const inputOf = (flag: string) => REPEATED[flag] ?? flag.slice('--'.length);

/** @returns the words after `gate` of the command that the action runs */
function run(given: Readonly<Record<string, string>>): readonly string[] {
  const [{ env, run: script }] = action.runs.steps;
  const filled = Object.entries(env).map(([name, value]) => {
    const [, input = ''] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value) ?? [];
    return [name, given[input] ?? action.inputs[input]?.default ?? ''];
  });
  const words = execFileSync('bash', ['-c', `set -eo pipefail\n${script}`], {
    encoding: 'utf8',
    env: {
      ...Object.fromEntries(filled),
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      GITHUB_OUTPUT: join(folder, 'outputs'),
      GITHUB_WORKSPACE: folder,
    },
  }).split('\n');
  return words.slice(words.indexOf('gate') + 1, -1);
}

const needed = { kubeconfig: '/kubeconfig', model: 'churn', version: '4' };

test('what nobody gives is not passed: the file says it, or the gate has its own default', () => {
  expect(run(needed)).toEqual(['--model', 'churn', '--version', '4']);
});

test.for(flags.map((flag) => ({ flag, input: inputOf(flag) })))(
  'the gate’s $flag is the input $input',
  ({ flag, input }) => {
    expect(Object.keys(action.inputs)).toContain(input);
    const words = run({ ...needed, [input]: 'true' });
    expect(words).toContain(flag);
  },
);

test('a list is given one a line, each as it stands', () => {
  const parameters = ['lr=0.1', 'note=two words, "quoted" $HOME'];
  expect(run({ ...needed, parameters: `${parameters.join('\n')}\n` })).toEqual([
    ...['--model', 'churn', '--version', '4'],
    ...parameters.flatMap((parameter) => ['--parameter', parameter]),
  ]);
});

test('the outputs are those of docs/pipelines.md', () => {
  const [, row = ''] = /^\| `\$GITHUB_OUTPUT` \| (.*) \|$/m.exec(read('docs/pipelines.md')) ?? [];
  const told = [...row.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
  expect(Object.keys(action.outputs).toSorted()).toEqual(told.toSorted());
  for (const [name, { value }] of Object.entries(action.outputs))
    expect(value).toBe(`\${{ steps.gate.outputs.${name} }}`);
});
