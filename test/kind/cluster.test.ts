import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureKind, repositoryRoot } from '../../src/dev/index.ts';

const config = join(import.meta.dirname, 'cluster.yaml');

describe('the cluster of npm run kind:up', () => {
  let folder: string;
  let kind: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assent-kind-'));
    kind = await ensureKind();
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // Without a docker to find, kind gets as far as it can without one: it has loaded the configuration by then.
  const createWithoutDocker = (path: string) => {
    const args = ['create', 'cluster', '--config', path, '--kubeconfig', join(folder, 'kubeconfig')];
    return spawnSync(kind, args, { encoding: 'utf8', env: { PATH: folder, HOME: folder } }).stderr;
  };

  test('kind loads its configuration, and misses nothing but Docker', () => {
    expect(createWithoutDocker(config)).toMatch(/failed to get docker info: .*"docker": executable file not found/);
  });

  test('kind refuses a field that it does not know, so that loading it is a check', async () => {
    const broken = join(folder, 'broken.yaml');
    await writeFile(broken, (await readFile(config, 'utf8')).replace('role:', 'rolle:'));
    expect(createWithoutDocker(broken)).toContain('field rolle not found in type v1alpha4.Node');
  });

  test.each(['up', 'test', 'down'])('kind:%s says what to install where Docker is missing', (command) => {
    const { status, stderr } = spawnSync(process.execPath, ['src/dev/kind.ts', command], {
      cwd: repositoryRoot,
      encoding: 'utf8',
      env: { PATH: folder, HOME: folder },
    });
    expect(stderr).toContain('there is no `docker` on the PATH. Install it');
    expect(status).toBe(1);
  });
});
