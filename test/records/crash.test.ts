import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readLines } from '../../src/kube/watch-lines.ts';
import { until } from '../e2e/until.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { temporaryFolder } from './temporary-folder.ts';

const script = join(import.meta.dirname, 'recording-process.ts');

/** No file gets longer than this many KiB: a write fails in its middle, as on a full disk. */
const withFilesOf = (kib: number) => ['bash', '-c', `ulimit -Sf ${kib}; exec "$@"`, 'bash'];

async function prepare(receiver: Receiver) {
  const folder = await temporaryFolder();
  const [file, spoolFolder] = [join(folder, 'records.ndjson'), join(folder, 'spool')];
  const kept = new Set<number>();
  const refused = new Set<number>();

  const follow = async ({ stdout }: ChildProcess): Promise<void> => {
    if (!stdout) return;
    for await (const line of readLines(stdout)) {
      if (line.startsWith('not ')) refused.add(Number(line.slice(4)));
      else kept.add(Number(line));
    }
  };
  /** Starts a process that records all numbers below `to`, from the first that is not kept yet. */
  const start = (to: number, wrapper: readonly string[] = []) => {
    let from = 0;
    while (kept.has(from)) from += 1;
    const options = { url: receiver.url.href, spoolFolder, file, from, to };
    const [program = '', ...args] = [...wrapper, process.execPath, script, JSON.stringify(options)];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const followed = follow(child);
    const ended = async () => {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await followed;
      return child.exitCode;
    };
    return { child, ended };
  };
  return { file, spoolFolder, kept, refused, start };
}

async function numbersIn(file: string): Promise<readonly number[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => Number(JSON.parse(line).id));
}

const numbersAt = ({ records }: Receiver) => records.map(({ id }) => Number(id));
const range = (to: number) => Array.from({ length: to }, (_, number) => number);
/** Each where it is first. */
const firstsOf = (numbers: readonly number[]) => [...new Set(numbers)];

it('a process that is killed again and again while it records and delivers loses nothing, and keeps the order', async () => {
  const count = 1_500;
  await using receiver = await startReceiver();
  const { file, kept, start } = await prepare(receiver);
  for (const killAt of [100, 300, 500, 700, 900]) {
    // Every other process never reaches the receiver: what it kept, the next one delivers.
    const away = killAt === 300 || killAt === 700;
    if (away) await receiver.leave();
    const { child, ended } = start(count);
    await until(async () => kept.size >= killAt, true);
    child.kill('SIGKILL');
    await ended();
    if (away) await receiver.comeBack();
  }
  expect(await start(count).ended()).toBe(0);
  await until(async () => receiver.ids().length, count);
  expect(firstsOf(numbersAt(receiver))).toEqual(range(count));
  expect(firstsOf(await numbersIn(file))).toEqual(range(count));
}, 120_000);

it.runIf(process.platform === 'linux')(
  'a disk that is full for a while keeps whole records only, and goes on when it has room',
  async () => {
    const count = 400;
    await using receiver = await startReceiver();
    await receiver.leave();
    const { file, spoolFolder, kept, refused, start } = await prepare(receiver);
    const { child, ended } = start(count, withFilesOf(64));
    await until(async () => [...refused].filter((number) => !kept.has(number)).length, 16);
    expect(kept.size).toBeGreaterThan(100);
    // Between the write that fails and its repair, the last line is cut off.
    await until(() => numbersIn(file), expect.arrayContaining([...kept]));
    expect((await readdir(spoolFolder)).filter((name) => name.endsWith('.ndjson')).length).toBe(1);

    await promisify(execFile)('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
    await receiver.comeBack();
    expect(await ended()).toBe(0);
    await until(async () => receiver.ids().length, count);
    expect(numbersAt(receiver)).toEqual(expect.arrayContaining(range(count)));
    expect(await numbersIn(file)).toEqual(expect.arrayContaining(range(count)));
  },
  60_000,
);
