import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive } from './process-identity.ts';
import { endRecordedProcesses, writeRecord } from './process-record.ts';

test('a recorded process is ended, even one that does not listen', async () => {
  const file = await aFile();
  const child = await aProcess('process.on("SIGTERM", () => {});');
  writeRecord(file, [pidOf(child)]);
  await endRecordedProcesses(file, 100);
  expect(isAlive(pidOf(child))).toBe(false);
  expect(existsSync(file)).toBe(false);
});

test('a later process with a recorded id is not touched', async () => {
  const file = await aFile();
  const child = await aProcess('process.on("SIGTERM", () => process.exit());');
  writeRecord(file, [pidOf(child)]);
  const [identity] = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify([{ ...identity, startedAt: 'before the last boot' }]));
  await endRecordedProcesses(file, 100);
  expect(isAlive(pidOf(child))).toBe(true);
});

test('a process that has ended is not alive, even while its parent has not looked', async () => {
  // The shell becomes the sleep, which never looks after the child that the shell has started. The child ends only then:
  // the shell itself would look.
  const child = 'while [ "$(ps -o comm= -p $$)" != sleep ]; do :; done';
  const script = `(${child}) & echo $!; exec sleep 600`;
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
  await expect.poll(() => isAlive(Number(line)), { timeout: 30_000 }).toBe(false);
  expect(() => process.kill(Number(line), 0)).not.toThrow();
});

test('without a record there is nothing to end', async () => {
  await endRecordedProcesses(join(tmpdir(), 'assent-no-such-record'));
});

async function aFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'assent-record-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'processes.json');
}

/** A process that has run this script and then waits. */
async function aProcess(script: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', `${script} console.log("ready"); setInterval(() => {}, 1000);`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process was not started');
  return pid;
}
