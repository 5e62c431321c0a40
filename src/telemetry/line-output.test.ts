import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../test/records/temporary-folder.ts';
import { createLineOutput } from './line-output.ts';

const READ = constants.O_RDONLY | constants.O_NONBLOCK;
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK;
/** Far more than a pipe holds. */
const LINES = Array.from({ length: 5_000 }, (_, index) => `${index} ${'x'.repeat(100)}\n`);

test('where whoever reads is slow, other work goes on, and every line comes in its order', async () => {
  const { reader, writer } = await aPipe();
  const output = createLineOutput(writer.fd);
  let delivered = false;
  const writing = Promise.all(LINES.map((line) => output.deliver(line))).then(() => {
    delivered = true;
  });
  for (let turn = 0; turn < 200; turn++) await nextTurn();
  expect(delivered).toBe(false);
  const text = await readUntil(reader, () => delivered);
  await writing;
  expect(text).toBe(LINES.join(''));
});

test('news and records share one order', async () => {
  const { reader, writer } = await aPipe();
  const output = createLineOutput(writer.fd);
  output.write('news\n');
  const record = output.deliver('a record\n');
  output.write('more news\n');
  await record;
  await output.idle();
  expect(await readUntil(reader, () => true)).toBe('news\na record\nmore news\n');
});

test('where nobody reads any more, a record is refused and news is dropped', async () => {
  const { reader, writer } = await aPipe();
  await reader.close();
  const output = createLineOutput(writer.fd);
  output.write('news\n');
  await expect(output.deliver('a record\n')).rejects.toMatchObject({ code: 'EPIPE' });
});

test('a line that was cut off does not spoil the next one', async () => {
  const { path, reader, writer } = await aPipe();
  const output = createLineOutput(writer.fd);
  const cut = output.deliver(LINES.join(''));
  while ((await readSome(reader)).bytesRead === 0) await nextTurn();
  await reader.close();
  await expect(cut).rejects.toMatchObject({ code: 'EPIPE' });

  const next = await open(path, READ);
  onTestFinished(() => next.close());
  let delivered = false;
  const delivering = output.deliver('next\n').then(() => {
    delivered = true;
  });
  const text = await readUntil(next, () => delivered);
  await delivering;
  expect(text).toMatch(/\nnext\n$/);
});

async function aPipe(): Promise<{ path: string; reader: FileHandle; writer: FileHandle }> {
  const path = join(await temporaryFolder(), 'pipe');
  await promisify(execFile)('mkfifo', [path]);
  const reader = await open(path, READ);
  const writer = await open(path, WRITE);
  onTestFinished(() => Promise.allSettled([reader.close(), writer.close()]).then(() => {}));
  return { path, reader, writer };
}

/** Reads until nothing more is there after `isDone`. */
async function readUntil(reader: FileHandle, isDone: () => boolean): Promise<string> {
  let text = '';
  for (;;) {
    const done = isDone();
    const { bytesRead, buffer } = await readSome(reader);
    text += buffer.toString('utf8', 0, bytesRead);
    if (done && bytesRead === 0) return text;
  }
}

/** Reads what is there: nothing where the pipe is empty. */
async function readSome(reader: FileHandle): Promise<{ bytesRead: number; buffer: Buffer }> {
  const buffer = Buffer.alloc(65_536);
  try {
    const { bytesRead } = await reader.read(buffer);
    return { bytesRead, buffer };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return { bytesRead: 0, buffer };
    throw error;
  }
}
