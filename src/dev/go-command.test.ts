import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runGo } from './go-command.ts';
import { hostTarget } from './host-target.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-go-'));
  await writeFile(join(folder, 'go.mod'), 'module assent.dev/broken\n\ngo 1.26.0\n');
  await writeFile(
    join(folder, 'broken_test.go'),
    'package broken\n\nimport "testing"\n\nfunc TestBroken(t *testing.T) { t.Error("it is broken") }\n',
  );
});
afterAll(() => rm(folder, { recursive: true }));

const run = (env: Readonly<Record<string, string>>) =>
  runGo(
    { title: 'Testing', coldDuration: 'a while', withoutGo: 'Or do without.', folder, env, args: ['test', './...'] },
    () => {},
  );

test('a Go test that fails is an error with what Go said', async () => {
  await expect(run({ ...hostTarget(), CGO_ENABLED: '0' })).rejects.toMatchObject({
    code: 'GoFailed',
    message: expect.stringMatching(/^Testing failed \(go test, in .*--- FAIL: TestBroken .*it is broken/s),
  });
}, 180_000);

test('without Go it says what to install', async () => {
  await expect(run({ PATH: folder })).rejects.toMatchObject({
    code: 'GoMissing',
    message: expect.stringMatching(/^Testing needs Go, .*Install Go .* Or do without\.$/),
  });
});
