import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CLI, runCli } from './run-cli.ts';

// Each test starts processes, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-run-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function writePipeline(text: string): Promise<string> {
  const file = join(folder, 'pipeline.yaml');
  await writeFile(file, text);
  return file;
}

test('steps run one after another, and those without a command are told', async () => {
  const file = await writePipeline(`steps:
  - {name: one, type: data, run: echo 1}
  - {name: train_model, type: training}
  - {name: two, type: test, run: echo 2}
`);
  expect(await runCli(['pipeline', 'run', file], { env: { NO_COLOR: '1' } })).toEqual({
    status: 0,
    stdout: '1\n2\n',
    stderr: 'one: starts\none: done\ntrain_model: has no command, so there is nothing to run\ntwo: starts\ntwo: done\n',
  });
});

test('a command that fails stops the pipeline, with its code told', async () => {
  const file = await writePipeline(`steps:
  - {name: one, type: data, run: exit 7}
  - {name: two, type: test, run: echo 2}
`);
  const { status, stdout, stderr } = await runCli(['pipeline', 'run', file], { env: { NO_COLOR: '1' } });
  expect(stderr).toBe('one: starts\none: failed with exit code 7: no later step runs\n');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  const killed = await runCli([
    'pipeline',
    'run',
    await writePipeline('steps: [{name: a, type: task, run: kill -9 $$}]'),
  ]);
  expect(killed).toMatchObject({ status: 1, stderr: expect.stringContaining('a: failed with signal SIGKILL') });
});

test.for<readonly [what: string, text: string]>([
  ['a later step is written wrongly', 'steps:\n  - {name: a, type: task, run: echo 1}\n  - {name: b, type: aproval}\n'],
  [
    'it deploys before it is approved',
    'steps:\n  - {name: a, type: task, run: echo 1}\n  - {name: b, type: deploy, run: echo 2}\n',
  ],
  [
    'nobody says which model is meant',
    'steps:\n  - {name: a, type: task, run: echo 1}\n  - {name: b, type: approval, inputs: {approvers: [x]}}\n',
  ],
])('nothing runs where %s', async ([, text]) => {
  expect(await runCli(['pipeline', 'run', await writePipeline(text)])).toMatchObject({ status: 2, stdout: '' });
});

test.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends the command with all that it started, and then the pipeline', async ([signal, status]) => {
  const ids = join(folder, `${signal}.txt`);
  const file = await writePipeline(`steps:
  - name: train
    type: training
    run: |
      echo $$ >> ${ids}
      sh -c 'echo $$ >> ${ids}; exec sleep 600'
      echo never
  - {name: after, type: test, run: echo after}
`);
  const child = spawn(process.execPath, [CLI, 'pipeline', 'run', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  await vi.waitUntil(async () => (await readFile(ids, 'utf8').catch(() => '')).split('\n').length === 3, 30_000);
  child.kill(signal);
  const [code] = await once(child, 'close');
  expect({ code, stdout }).toEqual({ code: status, stdout: '' });
  for (const id of (await readFile(ids, 'utf8')).trim().split('\n')) await untilGone(Number(id));
});

test('what a command has started may put its work down before it ends', async () => {
  const saved = join(folder, 'saved.txt');
  const started = join(folder, 'started.txt');
  const worker = `trap 'sleep 0.3; echo saved > ${saved}; exit' TERM; touch ${started}; while :; do sleep 0.1; done`;
  await writeFile(join(folder, 'worker.sh'), worker);
  const file = await writePipeline(`steps: [{name: train, type: training, run: "sh ${folder}/worker.sh & wait"}]\n`);
  const child = spawn(process.execPath, [CLI, 'pipeline', 'run', file], { stdio: 'ignore' });
  await vi.waitUntil(() => existsSync(started), 30_000);
  child.kill('SIGTERM');
  expect((await once(child, 'close'))[0]).toBe(143);
  expect(await readFile(saved, 'utf8')).toBe('saved\n');
});

/** An ended process may be there until its parent has looked at it: as a zombie, which runs nothing. */
async function untilGone(pid: number): Promise<void> {
  const runs = async () => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    return stat !== '' && !/\) Z /.test(stat);
  };
  while (await runs()) await sleep(20);
}
