import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runCli } from './run-cli.ts';

// A bound for a machine that does much else; nothing waits for it to pass.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-record-options-'));
  await writeFile(join(folder, 'text'), 'no record\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const url = ['--record-url', 'https://sink.test/records'];
const spool = ['--record-spool', 'spool'];

it.each<[readonly string[], readonly string[]]>([
  [['--record-url', 'ftp://sink.test'], ["'ftp://sink.test' is invalid. Give an address that reads https://HOST/PATH"]],
  [['--record-url', 'sink.test'], ['Give an address that reads https://HOST/PATH']],
  [['--record-url', 'https://me:secret@sink.test'], ['give --record-token-file FILE']],
  [url, ['--record-url needs --record-spool FOLDER']],
  [spool, ['--record-spool means nothing without --record-url URL']],
  [
    ['--record-token-file', 'nowhere', '--record-ca', 'text'],
    [
      '--record-ca means nothing without --record-url URL',
      '--record-token-file means nothing without --record-url URL',
      '--record-token-file nowhere: no such file, or there is no token in it',
      '--record-ca text: no such file, or there is no certificate in PEM in it',
    ],
  ],
  [['--record-url', 'http://sink.test', ...spool, '--record-ca', 'text'], ['--record-ca is for https']],
  [[...url, '--record-spool', 'text'], ['The spool text cannot be used: EEXIST']],
  [['--record-spool-limit', '0'], ["'0' is invalid. Give a size such as 512Mi or 1Gi."]],
  [['--record-spool-limit', '1GB'], ["'1GB' is invalid. Give a size such as 512Mi or 1Gi."]],
  [['--record-file', 'text'], ['text holds something else than records; give a file of their own.']],
  [['--record-file', join('nowhere', 'records')], ['cannot be used: ENOENT']],
  [['--record-mask', 'snapshot'], ["'snapshot' is invalid. A JSON pointer begins with a slash"]],
  [['--record-mask', '/snapshot', '/modelVersion/name'], ['/modelVersion cannot be masked: it says which record']],
])('assent operator %j is refused, with a message that says what would be right', async (args, messages) => {
  const { status, stdout, stderr } = await runCli(['operator', ...args], { cwd: folder });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  for (const message of messages) expect(stderr).toContain(message);
  expect(stderr).not.toContain('    at ');
  expect(await readdir(folder)).toEqual(['text']);
  expect(await readFile(join(folder, 'text'), 'utf8')).toBe('no record\n');
});
