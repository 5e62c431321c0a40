import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../src/dev/index.ts';
import { readArchive, readBundle, writeArchive } from '../../src/distribution/index.ts';
import { type CliRun, runCli } from './run-cli.ts';

let folder: string;
const file = (name: string): string => join(folder, name);
const assent = (...args: readonly string[]): Promise<CliRun> =>
  runCli(args, { cwd: folder, cacheFolder: file('cache') });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-bundle-'));
  await cp(join(repositoryRoot, 'policies', 'accuracy'), file('accuracy'), { recursive: true });
  await writeFile(file('accuracy/data.json'), '{"parameters": {"threshold": 0.9}}');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(file('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(file('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  await writeFile(file('encrypted.pem'), privateKey.export(encrypted));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('assent policy bundle', { timeout: 60_000 }, () => {
  it('builds the same bytes of the same folder, without its tests', async () => {
    const first = await assent('policy', 'bundle', 'build', 'accuracy', '--revision', '1.4', '-o', 'one.tar.gz');
    expect(first).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^one\.tar\.gz: sha256:[0-9a-f]{64}, \d+ bytes\n$/),
    });
    await assent('policy', 'bundle', 'build', 'accuracy', '--revision', '1.4', '-o', 'two.tar.gz');
    const archive = await readFile(file('one.tar.gz'));
    expect(archive).toEqual(await readFile(file('two.tar.gz')));
    const paths = [...(await readArchive(archive)).keys()].toSorted();
    expect(paths).toEqual(['.manifest', 'accuracy.rego', 'data.json']);
  });

  it('signs, and says which file is not what was signed', async () => {
    const signed = await assent('policy', 'bundle', 'sign', 'one.tar.gz', '--key', 'key.pem', '-o', 'signed.tar.gz');
    expect(signed.status).toBe(0);
    const verify = (bundle: string) => assent('policy', 'bundle', 'verify', bundle, '--public-key', 'key.pub');
    expect(await verify('signed.tar.gz')).toMatchObject({
      status: 0,
      stdout: 'signed.tar.gz: verified, revision 1.4\n',
    });
    const files = new Map(await readArchive(await readFile(file('signed.tar.gz'))));
    files.set('data.json', Buffer.from('{"parameters": {"threshold": 0}}'));
    await writeFile(file('tampered.tar.gz'), await writeArchive(files));
    expect(await verify('tampered.tar.gz')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('data.json is not what was signed'),
    });
  });

  it('tells which parameters of the folder do not come along, and how they do', async () => {
    const accuracy = join(repositoryRoot, 'policies', 'accuracy');
    const built = await assent('policy', 'bundle', 'build', accuracy, '-o', 'bare.tar.gz');
    expect(built).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/policy\.yaml: spec\.parameters \(threshold\) is not part of the bundle: .*\n$/),
    });
    expect(built.stderr).toContain('data.json in place of policy.yaml: {"parameters":{"threshold":0.9}}');
    const whole = await assent('policy', 'bundle', 'build', 'accuracy', '-o', 'whole.tar.gz');
    expect(whole).toMatchObject({ status: 0, stderr: '' });
  });

  it('as docs/bundles.md builds it, decides as docs/bundles.md says', async () => {
    const docs = await readFile(join(repositoryRoot, 'docs', 'bundles.md'), 'utf8');
    const lines = [...docs.matchAll(/^\$ ((?:mkdir|cp|echo) .*)$/gm)].map(([, line = '']) => line);
    const shell = join(folder, 'shell');
    for (const name of ['policies', 'examples'])
      await cp(join(repositoryRoot, name), join(shell, name), { recursive: true });
    execFileSync('sh', ['-ec', lines.join('\n')], { cwd: shell });
    const options = { cwd: shell, cacheFolder: file('cache') };
    const examples = [...docs.matchAll(/^\$ assent ((?:policy bundle build|evaluate) .*)\n((?:.+\n)*?)(?=\$|```)/gm)];
    expect(examples.length).toBe(2);
    const abbreviated = (text: string) => text.replace(/(sha256:[0-9a-f]{6})[0-9a-f]+/, '$1…');
    for (const [, line = '', shown = ''] of examples) {
      const run = await runCli(line.split(/\s+/), options);
      expect({ ...run, stdout: abbreviated(run.stdout) }).toEqual({ status: 0, stdout: shown, stderr: '' });
    }
  });

  it('is taken by what evaluates policies, and refused with a reason by what works on their sources', async () => {
    const version = join(repositoryRoot, 'examples', 'modelversions', 'approved.yaml');
    const [evaluated, measured] = await Promise.all([
      assent('policy', 'eval', version, '-p', 'one.tar.gz', '-o', 'json'),
      assent('policy', 'bench', 'one.tar.gz', '-f', version, '--duration', '1ms', '-o', 'json'),
    ]);
    expect(JSON.parse(evaluated.stdout)).toMatchObject([{ outcome: 'allow' }]);
    expect(measured.status).toBe(0);
    for (const args of [
      ['check', 'one.tar.gz'],
      ['test', 'one.tar.gz'],
      ['explain', '-f', version, '-p', 'one.tar.gz'],
    ])
      expect(await assent('policy', ...args)).toEqual({
        status: 2,
        stdout: '',
        stderr:
          'one.tar.gz: is a bundle, which only assent evaluate, replay, policy eval and policy bench take: name the folder that it is built from\n',
      });
  });

  it('decides offline by a bundle', async () => {
    const version = join(repositoryRoot, 'examples', 'modelversions', 'approved.yaml');
    const decided = await assent('evaluate', '--filename', version, '--policy', 'one.tar.gz');
    expect(decided).toMatchObject({ status: 0, stdout: expect.stringContaining('AutoApproved') });
  });

  it.each([
    [['build', 'nowhere'], 'nowhere: no such folder'],
    [['sign', 'one.tar.gz', '--key', 'encrypted.pem'], 'encrypted.pem: the key is encrypted'],
    [['verify', 'one.tar.gz', '--public-key', 'key.pem'], 'a private key stands where a public key belongs'],
    [['verify', 'one.tar.gz'], 'nothing to verify: give --public-key'],
    [['push', 'one.tar.gz', 'acme/policies:1'], 'is no reference: write HOST/REPOSITORY:TAG'],
    [['pull', 'http://127.0.0.1:1/x.tar.gz'], 'is not https: --plain-http takes it all the same'],
  ])('%j is explained', async (args, message) => {
    const run = await assent('policy', 'bundle', ...args);
    expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining(message) });
    expect(run.stderr).not.toContain('    at ');
  });

  it('puts the compiled policy in where that is asked for', async () => {
    const built = await assent(
      'policy',
      'bundle',
      'build',
      'accuracy',
      '--wasm',
      '--key',
      'key.pem',
      '-o',
      'wasm.tar.gz',
    );
    expect(built.status).toBe(0);
    const { wasm } = readBundle(await readArchive(await readFile(file('wasm.tar.gz'))));
    expect(wasm?.subarray(0, 4)).toEqual(Buffer.from('\0asm'));
    const verified = await assent('policy', 'bundle', 'verify', 'wasm.tar.gz', '--public-key', 'key.pub');
    expect(verified.status).toBe(0);
  });

  it('does not build what does not compile', async () => {
    await cp(file('accuracy'), file('broken'), { recursive: true });
    await writeFile(file('broken/more.rego'), 'package approval\n\nallow contains }\n');
    const run = await assent('policy', 'bundle', 'build', 'broken');
    expect(run).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('broken/more.rego:3:16: rego_parse_error'),
    });
  });
});
