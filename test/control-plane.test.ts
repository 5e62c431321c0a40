import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type ControlPlane,
  DevError,
  ensureControlPlane,
  isAlive,
  issueKubeconfig,
  repositoryRoot,
  startControlPlane,
  type User,
} from '../src/dev/index.ts';

const LIMIT_MS = 300_000;
vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });

describe('a local control plane', () => {
  let controlPlane: ControlPlane;
  beforeAll(async () => {
    controlPlane = await startControlPlane({});
  });
  afterAll(() => controlPlane.stop());

  test('is ready for its administrator', async () => {
    expect(await kubectl(controlPlane, 'get', '--raw', '/readyz')).toBe('ok');
    expect(await kubectl(controlPlane, 'get', 'namespace', 'default', '-o', 'name')).toBe('namespace/default\n');
    expect(await kubectl(controlPlane, 'auth', 'can-i', '*', '*')).toBe('yes\n');
  });

  test.runIf(!process.env.KUBEBUILDER_ASSETS)('says the version that its module names', async () => {
    const goMod = await readFile(join(repositoryRoot, 'control-plane', 'go.mod'), 'utf8');
    const [, gitVersion] = /k8s\.io\/kubernetes (v\S+)/.exec(goMod) ?? [];
    const version = JSON.parse(await kubectl(controlPlane, 'version', '-o', 'json'));
    expect(version).toMatchObject({ clientVersion: { gitVersion }, serverVersion: { gitVersion } });
  });

  test('serves the admission policies that approvals stand on', async () => {
    const served = await kubectl(controlPlane, 'get', '--raw', '/apis/admissionregistration.k8s.io/v1');
    expect(JSON.parse(served).resources).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'MutatingAdmissionPolicy' }),
        expect.objectContaining({ kind: 'ValidatingAdmissionPolicy' }),
      ]),
    );
  });

  test.each<User>([
    { user: 'alice', groups: ['ml-leads'] },
    { user: 'alice', groups: [] },
    { user: 'system:serviceaccount:risk:trainer', groups: ['system:serviceaccounts', 'system:serviceaccounts:risk'] },
    { user: 'O=x, CN="a\\b"', groups: ['one,two', '#00', ' three '] },
    { user: 'Zoë/雪+\'<>;"', groups: ['ünï/code'] },
    { user: 'n'.repeat(300), groups: Array.from({ length: 40 }, (_, i) => `group-${i}`) },
  ])('knows $user of $groups, who may do nothing without RBAC', async ({ user, groups }) => {
    const kubeconfig = await controlPlane.issueKubeconfig({ user, groups });
    const { status } = JSON.parse(await kubectl({ ...controlPlane, kubeconfig }, 'auth', 'whoami', '-o', 'json'));
    expect(status.userInfo.username).toBe(user);
    expect(status.userInfo.groups).toEqual([...groups, 'system:authenticated']);
    await expect(kubectl({ ...controlPlane, kubeconfig }, 'get', 'namespaces')).rejects.toThrow('(Forbidden)');
  });

  test('keeps each kubeconfig to its owner, and never two users in one file', async () => {
    const users = [
      { user: 'a/b', groups: [] },
      { user: 'a-b', groups: [] },
      { user: 'a', groups: ['b'] },
      { user: 'a+b', groups: [] },
      { user: '../../a', groups: [] },
    ];
    const paths = await Promise.all(users.map((user) => controlPlane.issueKubeconfig(user)));
    expect(new Set(paths).size).toBe(users.length);
    for (const path of [...paths, controlPlane.kubeconfig]) {
      expect(path.startsWith(`${controlPlane.folder}/`)).toBe(true);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
  });

  test('refuses a user without a name', async () => {
    await expect(controlPlane.issueKubeconfig({ user: '', groups: [] })).rejects.toThrow('at least one character');
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('has its data and its port again after %s', async (signal) => {
    const name = `kept-${signal.toLowerCase()}`;
    await kubectl(controlPlane, 'create', 'namespace', name);
    const before = controlPlane.processIds;
    await controlPlane.stopApiServer(signal);
    expect(controlPlane.processIds).toHaveLength(1);
    await expect(kubectl(controlPlane, 'get', 'namespaces')).rejects.toThrow(/refused/);
    await controlPlane.startApiServer();
    expect(await kubectl(controlPlane, 'get', 'namespace', name, '-o', 'name')).toBe(`namespace/${name}\n`);
    expect(before.filter(isAlive)).toHaveLength(1);
  });
});

describe('a control plane in a folder of its own', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assent-kept-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('is the same after a restart: data, authority, address', async () => {
    const first = await startControlPlane({ folder });
    await kubectl(first, 'create', 'namespace', 'kept');
    const admin = await issueKubeconfig(folder, { user: 'root', groups: ['system:masters'] });
    const processIds = first.processIds;
    await first.stop();
    expect(processIds).toHaveLength(2);
    expect(processIds.filter(isAlive)).toEqual([]);

    await using second = await startControlPlane({ folder });
    const get = ['get', 'namespace', 'kept', '-o', 'name'];
    expect(await kubectl({ ...second, kubeconfig: admin }, ...get)).toBe('namespace/kept\n');
  });

  test('is never started twice: the second start names the first one’s kubeconfig', async () => {
    await using first = await startControlPlane({ folder });
    const second = startControlPlane({ folder });
    await expect(second).rejects.toMatchObject({ code: 'AlreadyRunning' });
    await expect(second).rejects.toThrow(`export KUBECONFIG=${first.kubeconfig}`);
    expect(await kubectl(first, 'get', '--raw', '/readyz')).toBe('ok');
  });

  test('starts again after kill -9 of its process and of what watches over it', async () => {
    const { child, processIds } = await startInOtherProcess(folder);
    const [supervisor] = JSON.parse(await readFile(join(folder, 'processes.json'), 'utf8'));
    child.kill('SIGKILL');
    process.kill(supervisor.pid, 'SIGKILL');
    await once(child, 'exit');
    expect(processIds.filter(isAlive)).toHaveLength(2);

    await using again = await startControlPlane({ folder });
    expect(processIds.filter(isAlive)).toEqual([]);
    expect(await kubectl(again, 'get', 'namespace', 'kept', '-o', 'name')).toBe('namespace/kept\n');
  });
});

test('kill -9 of the process that started it leaves no process and no folder behind', async () => {
  const { child, processIds, folder } = await startInOtherProcess();
  expect(processIds.filter(isAlive)).toHaveLength(2);
  child.kill('SIGKILL');
  await vi.waitUntil(() => !processIds.some(isAlive) && !existsSync(folder), { timeout: LIMIT_MS });
});

test('when what watches over it is killed, it ends and says so', async () => {
  const reports: string[] = [];
  const controlPlane = await startControlPlane({ report: (line) => reports.push(line) });
  const { processIds, folder } = controlPlane;
  const [supervisor] = JSON.parse(await readFile(join(folder, 'processes.json'), 'utf8'));
  process.kill(supervisor.pid, 'SIGKILL');
  await controlPlane.broken;
  await vi.waitUntil(() => reports.length === 2, { timeout: LIMIT_MS });
  expect(reports.toSorted().join('\n')).toMatch(/etcd ended by itself.*kube-apiserver ended by itself/s);
  expect(processIds.filter(isAlive)).toEqual([]);
  await controlPlane.stop();
  expect(existsSync(folder)).toBe(false);
});

test('a kubeconfig for a control plane that never ran is refused with what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assent-never-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await expect(issueKubeconfig(folder, { user: 'alice', groups: [] })).rejects.toThrow('run `npm start` first');
});

test('a program that does not start is quoted', async () => {
  const assets = await mkdtemp(join(tmpdir(), 'assent-broken-'));
  onTestFinished(() => rm(assets, { recursive: true }));
  for (const name of ['kube-apiserver', 'etcd', 'kubectl'])
    await writeFile(join(assets, name), '#!/bin/sh\necho "no luck today" >&2\nexit 1\n', { mode: 0o755 });
  vi.stubEnv('KUBEBUILDER_ASSETS', assets);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startControlPlane({})).rejects.toThrow(/ended by itself\..*no luck today/s);
});

describe('the programs', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assent-programs-'));
  });
  afterEach(() => void vi.unstubAllEnvs());
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('come from KUBEBUILDER_ASSETS where it is set', async () => {
    const { kubectl: built } = await ensureControlPlane();
    vi.stubEnv('KUBEBUILDER_ASSETS', join(built, '..'));
    vi.stubEnv('PATH', folder);
    expect((await ensureControlPlane()).kubectl).toBe(built);
  });

  test('are named where KUBEBUILDER_ASSETS lacks them', async () => {
    vi.stubEnv('KUBEBUILDER_ASSETS', folder);
    const error = await ensureControlPlane().catch((reason) => reason);
    expect(error).toBeInstanceOf(DevError);
    expect(error.message).toContain(
      `missing or not executable: ${folder}/kube-apiserver, ${folder}/etcd, ${folder}/kubectl`,
    );
  });

  test('need Go where they are neither given nor built yet', async () => {
    vi.stubEnv('KUBEBUILDER_ASSETS', '');
    vi.stubEnv('XDG_CACHE_HOME', folder);
    vi.stubEnv('PATH', folder);
    await expect(ensureControlPlane()).rejects.toThrow(/no `go` on the PATH\. Install Go .* Or set KUBEBUILDER_ASSETS/);
  });
});

async function kubectl(at: { kubectl: string; kubeconfig: string }, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(at.kubectl, ['--kubeconfig', at.kubeconfig, ...args]);
  return stdout;
}

/** A process that starts a control plane and waits for its end. */
async function startInOtherProcess(folder?: string) {
  const script = `
    import { startControlPlane } from ${JSON.stringify(join(repositoryRoot, 'src/dev/index.ts'))};
    const { folder, processIds } = await startControlPlane(${JSON.stringify({ folder })});
    console.log(JSON.stringify({ folder, processIds }));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  const started: { folder: string; processIds: number[] } = JSON.parse(line);
  return { child, ...started };
}
