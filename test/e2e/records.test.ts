import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { ANNOTATIONS, API_VERSION } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { type CliRun, runCli } from '../cli/run-cli.ts';
import { type AdmissionCluster, APPROVER, assertOk, installAdmission } from './admission-cluster.ts';
import { recordsOf } from './expect-replays.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let cluster: AdmissionCluster;
let operator: OperatorProcess;
let folder: string;
let name: string;

const file = (base: string) => join(folder, base);
const assent = (...args: readonly string[]): Promise<CliRun> => runCli(args, { cacheFolder: file('cache') });
const onCluster = () => ['--namespace', cluster.namespace, '--kubeconfig', sharedCluster().kubeconfig];

async function stageOf(version: string): Promise<unknown> {
  return (await cluster.read(version)).status?.stage;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-records-'));
  cluster = await installAdmission();
  const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  const policy = {
    apiVersion: API_VERSION,
    kind: 'ApprovalPolicy',
    metadata: { name: 'people' },
    spec: {
      modules: { 'people.rego': 'package approval\n\nrequire contains {"reason": "look"}\n' },
      approvers: [APPROVER.user],
    },
  };
  assertOk(await cluster.admin(['apply', '--filename', '-'], policy));
  operator = await startOperatorProcess(kubeconfig, { args: ['--namespaces', cluster.namespace] });
  name = await cluster.submit();
  // Somebody who holds the verb and whom nobody asked: a refused approval in the record.
  const eve = await cluster.as({ user: 'eve', groups: [] }, 'assent-approver');
  assertOk(await eve(['annotate', 'mv', name, `${ANNOTATIONS.approve}=why not`]));
  await until(async () => (await cluster.read(name)).status?.approvals?.length, 1);
  assertOk(await cluster.approver(['annotate', '--overwrite', 'mv', name, `${ANNOTATIONS.approve}=looked at it`]));
  await until(() => stageOf(name), 'Production');
  await writeFile(file('version.json'), JSON.stringify(await cluster.read(name)));
  await writeFile(file('operator.log'), operator.log.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await writeFile(file('keys.pem'), (await assent('keys', 'export', ...onCluster().slice(2))).stdout);
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('assent verify', () => {
  it('says that a version in the cluster fits, and that its signature holds with the keys that the cluster publishes', async () => {
    for (const target of [name, `mv/${name}`])
      expect(await assent('verify', target, ...onCluster())).toMatchObject({
        status: 0,
        stdout: `${cluster.namespace}/${name}: fits\n`,
      });
    const signed = await assent('verify', name, '--signature', ...onCluster());
    expect(signed).toMatchObject({ status: 0, stdout: `${cluster.namespace}/${name}: fits, signature holds\n` });
  });

  it('checks a file offline with the public key, and finds what was changed', async () => {
    const offline = await assent('verify', file('version.json'), '--public-key', file('keys.pem'));
    expect(offline.stdout).toContain('fits, signature holds');
    const version = await readFile(file('version.json'), 'utf8');
    await writeFile(file('spec.json'), version.replace('0.93', '0.99'));
    const spec = await assent('verify', file('spec.json'), '--public-key', file('keys.pem'));
    expect(spec).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('given for another content than the spec'),
    });
    await writeFile(file('chain.json'), version.replace('"from":"None"', '"from":"Staging"'));
    expect(await assent('verify', file('chain.json'))).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('status.history[0]'),
    });
  });

  it('checks every line of a record, and names the one that does not fit', async () => {
    const whole = await assent('verify', file('operator.log'), '--public-key', file('keys.pem'));
    expect(whole.status).toBe(0);
    expect(whole.stdout.trim().split('\n').length).toBe(recordsOf(operator.log).length);
    const signed = recordsOf(operator.log).filter((record) => 'attestation' in record).length;
    expect(whole.stdout.match(/: fits, signature holds$/gm)).toHaveLength(signed);
    const stripped = recordsOf(operator.log).map((record) => JSON.stringify({ ...record, attestation: undefined }));
    await writeFile(file('stripped.log'), stripped.join('\n'));
    const unsigned = await assent('verify', file('stripped.log'), '--public-key', file('keys.pem'));
    expect(unsigned.stdout).not.toContain('signature holds');
    const forged = (await readFile(file('operator.log'), 'utf8')).replaceAll('"user":"alice"', '"user":"mallory"');
    await writeFile(file('forged.log'), forged);
    const found = await assent('verify', file('forged.log'), '--public-key', file('keys.pem'));
    expect(found.status).toBe(1);
    expect(found.stdout).toMatch(/forged\.log:\d+: (attestation|snapshot)/);
  });

  it.each([
    ['a file that is neither', 'nothing.txt', 'hello', 'holds neither ModelVersions nor records'],
    ['a line that is cut off', 'torn.log', '{"msg":"operator started"}\n{"kind":"Decision"', 'torn.log:2: is not JSON'],
    ['a record of another shape', 'odd.log', '{"kind":"Decision","id":"x"}', 'odd.log:1: is no record'],
  ])('refuses %s, and says what is right', async (_, base, content, message) => {
    await writeFile(file(base), content);
    const refused = await assent('verify', file(base));
    expect(refused.status).toBe(2);
    expect(refused.stderr).not.toContain('    at ');
    expect(refused.stderr).toContain(message);
  });
});

describe('assent replay', () => {
  it('makes every decision of a log again, from the log alone', async () => {
    const { status, stdout } = await assent('replay', file('operator.log'));
    expect(status).toBe(0);
    const decisions = recordsOf(operator.log).filter(({ kind }) => kind === 'Decision');
    expect(stdout.trim().split('\n')).toHaveLength(decisions.length);
    expect(stdout).not.toContain('differs');
  });

  it('finds a decision that was changed', async () => {
    const log = (await readFile(file('operator.log'), 'utf8')).replaceAll(
      '"outcome":"Pending"',
      '"outcome":"Approved"',
    );
    await writeFile(file('changed.log'), log);
    expect(await assent('replay', file('changed.log'))).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('differs'),
    });
  });

  it('says which policy is missing where nobody has it', async () => {
    const lines = recordsOf(operator.log).filter(({ kind }) => kind === 'Decision');
    await writeFile(file('bare.log'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { status, stdout } = await runCli(['replay', file('bare.log')], { cacheFolder: file('another-cache') });
    expect(status).toBe(2);
    expect(stdout).toContain('ApprovalPolicy/people of digest sha256:');
  });
});

describe('assent keys rotate', () => {
  it('makes the operator sign with another key, and what the old one signed still holds', async () => {
    const [before] = (await assent('keys', 'export', ...onCluster().slice(2))).stdout.match(/BEGIN/g) ?? [];
    expect(before).toBeDefined();
    const rotated = await assent('keys', 'rotate', ...onCluster().slice(2));
    const [keyId] = rotated.stdout.match(/sha256:[0-9a-f]{64}/) ?? [];
    await until(
      async () => operator.log.some((line) => line.msg === 'signing key in use' && line.keyId === keyId),
      true,
    );
    const next = await cluster.submit();
    assertOk(await cluster.approver(['annotate', 'mv', next, `${ANNOTATIONS.approve}=again`]));
    await until(() => stageOf(next), 'Production');
    expect((await cluster.read(next)).status?.decision?.signature?.keyId).toBe(keyId);
    for (const version of [name, next])
      expect((await assent('verify', version, '--signature', ...onCluster())).stdout).toContain('signature holds');
    expect((await assent('verify', file('version.json'), '--public-key', file('keys.pem'))).status).toBe(0);
  });

  it('is for administrators: who submits versions may not read the keys', async () => {
    const sam = await kubeconfigFor(sharedCluster(), { user: 'sam', groups: ['data-science'] });
    expect((await assent('keys', 'rotate', '--kubeconfig', sam)).status).toBe(2);
    expect((await assent('keys', 'export', '--kubeconfig', sam)).stdout).toContain('BEGIN PUBLIC KEY');
  });
});

it('an approval by somebody whom nobody asked is in the record, with the reason', () => {
  const refused = recordsOf(operator.log).find(({ kind }) => kind === 'RefusedApproval');
  expect(refused).toMatchObject({
    approval: { user: 'eve', counted: false, message: expect.stringContaining('eve is not among') },
  });
});
