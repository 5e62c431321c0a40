import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CliRun, runCli } from './run-cli.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

type Files = Readonly<Record<string, string>>;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'assent-impact-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Runs `assent policy impact` in a folder of its own that holds these files. */
async function impact(args: readonly string[], files: Files = {}): Promise<CliRun> {
  const cwd = await mkdtemp(join(root, 'run-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  return runCli(['policy', 'impact', ...args], { cacheFolder: join(root, 'cache'), cwd });
}

const RULES = `package approval

allow contains $"accuracy {input.modelVersion.spec.metrics.accuracy}" if {
	input.modelVersion.spec.metrics.accuracy > data.parameters.threshold
}

deny contains "no worse than today's" if input.modelVersion.spec.metrics.accuracy < input.champion.spec.metrics.accuracy
`;

const policy = (threshold: number, more = '') => `apiVersion: assent.dev/v1alpha1
kind: ClusterApprovalPolicy
metadata: {name: accuracy}
spec: {parameters: {threshold: ${threshold}}, approvers: [alice]${more}}
`;

interface Version {
  readonly name: string;
  readonly accuracy: number;
  readonly model?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly stage?: string;
  readonly outcome?: string;
}

function aVersion({ name, accuracy, model = name, labels = {}, stage, outcome }: Version) {
  const at = '2026-01-02T03:04:05.000Z';
  const digest = `sha256:${'0'.repeat(64)}`;
  const decision = outcome && {
    id: digest,
    generation: 1,
    outcome,
    by: 'Policy',
    reasons: [],
    warnings: [],
    policies: [],
    requirements: [],
    inputDigest: digest,
    policyDigest: digest,
    now: at,
    decidedAt: at,
  };
  return {
    apiVersion: 'assent.dev/v1alpha1',
    kind: 'ModelVersion',
    metadata: { name, namespace: 'risk', uid: `uid-${name}`, generation: 1, labels },
    spec: { model, version: name, stage: 'Production', metrics: { accuracy } },
    ...(stage ? { status: { stage, ...(decision ? { decision } : {}) } } : {}),
  };
}

const DUMP = [
  aVersion({ name: 'good', accuracy: 0.95, labels: { team: 'risk' } }),
  aVersion({ name: 'middling', accuracy: 0.91, labels: { team: 'risk' } }),
  aVersion({ name: 'held', accuracy: 0.92, model: 'm', stage: 'Production', outcome: 'Approved' }),
  aVersion({ name: 'worse', accuracy: 0.915, model: 'm' }),
  aVersion({ name: 'weak', accuracy: 0.5 }),
];

const FILES: Files = {
  'dump.ndjson': DUMP.map((version) => JSON.stringify(version)).join('\n'),
  'dump.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: DUMP }, null, 2),
  'today/accuracy.rego': RULES,
  'today/policy.yaml': policy(0.9),
  'next/accuracy.rego': RULES,
  'next/policy.yaml': policy(0.93),
  'shadow/accuracy.rego': RULES,
  'shadow/policy.yaml': policy(0.93, ', mode: Shadow'),
  'other/other.rego': 'package approval\n\ndeny contains "never"\n',
  'broken/broken.rego': 'package approval\n\nallow contains }\n',
};

test.for(['dump.ndjson', 'dump.json'])(
  'versions that would flip are told, which way and why, from %s',
  async (dump, { expect }) => {
    const run = await impact(['-f', dump, '--from', 'today', '--to', 'next', '-o', 'json'], FILES);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({
      versions: 5,
      changed: 0,
      invalid: [],
      flips: [
        { name: 'held', from: 'Approved', to: 'Pending', decided: true },
        {
          namespace: 'risk',
          name: 'middling',
          from: 'Approved',
          to: 'Pending',
          decided: false,
          policies: [{ name: 'ClusterApprovalPolicy/accuracy', from: 'allow', to: 'require' }],
        },
      ],
    });
  },
);

test('people are shown a table, and the ways counted', async () => {
  const { stdout } = await impact(['-f', 'dump.ndjson', '--from', 'today', '--to', 'next'], FILES);
  expect(stdout).toContain('NAMESPACE   NAME');
  expect(stdout).toMatch(/risk +held +m +held +Production +Approved +Pending +stands/);
  expect(stdout).toContain('5 versions: 2 would flip\n  2 Approved -> Pending\n');
});

test('--exit-code tells a script; nothing flips where nothing changes', async () => {
  const args = (to: string) => ['-f', 'dump.ndjson', '--from', 'today', '--to', to, '--exit-code'];
  expect(await impact(args('next'), FILES)).toMatchObject({ status: 1 });
  const same = await impact(args('today'), FILES);
  expect(same).toMatchObject({ status: 0, stdout: '5 versions: none would flip\n' });
});

test('a policy in shadow decides nothing, and --enforced tells what it would decide', async () => {
  const args = ['-f', 'dump.ndjson', '--from', 'today', '--to', 'shadow', 'today', '-o', 'json'];
  const named = {
    ...FILES,
    'shadow/policy.yaml': policy(0.93, ', mode: Shadow').replace('name: accuracy', 'name: next'),
  };
  expect(JSON.parse((await impact(args, named)).stdout)).toMatchObject({ flips: [] });
  const enforced = JSON.parse((await impact([...args, '--enforced'], named)).stdout);
  expect(enforced.flips.map(({ name }: { name: string }) => name)).toEqual(['held', 'middling']);
});

test('policies add up with those of today, and --prune takes away what is not given', async () => {
  const args = ['-f', 'dump.ndjson', '--from', 'today', '--to', 'other', '-o', 'json'];
  const added = JSON.parse((await impact(args, FILES)).stdout);
  expect(added.flips.every(({ to }: { to: string }) => to === 'Rejected')).toBe(true);
  const pruned = JSON.parse((await impact([...args, '--prune'], FILES)).stdout);
  const [first] = pruned.flips;
  expect(first.policies).toMatchObject([
    { name: 'ClusterApprovalPolicy/accuracy', from: 'allow' },
    { name: 'ClusterApprovalPolicy/other', to: 'deny', reasons: ['never'] },
  ]);
});

test('a selector narrows who is asked about, not who is a champion', async () => {
  const to = ['--from', 'other', '--to', 'today', '--prune', '-o', 'json', '-f', 'dump.ndjson'];
  const { stdout } = await impact(['-l', 'team!=risk', ...to], FILES);
  const { versions, flips } = JSON.parse(stdout);
  expect(versions).toBe(3);
  expect(flips.map(({ name, to }: { name: string; to: string }) => [name, to])).toEqual([
    ['held', 'Approved'],
    ['weak', 'Pending'],
  ]);
});

test.for([
  { why: 'a policy that does not compile', to: 'broken', dump: 'dump.ndjson', says: 'broken.rego:3:16' },
  {
    why: 'a folder that is not there',
    to: 'nowhere',
    dump: 'dump.ndjson',
    says: 'nowhere: no such policy file or folder',
  },
  { why: 'a damaged dump', to: 'next', dump: 'bad.ndjson', says: 'bad.ndjson:2: is not JSON' },
  { why: 'a dump without versions', to: 'next', dump: 'empty.json', says: 'empty.json: no ModelVersion found' },
  { why: 'a dump that is not there', to: 'next', dump: 'nowhere.json', says: 'nowhere.json: no such file' },
])('$why is told, and the exit code is 2', async ({ to, dump, says }, { expect }) => {
  const files = { ...FILES, 'bad.ndjson': `${JSON.stringify(DUMP[0])}\n{"kind"\n`, 'empty.json': '{}' };
  const run = await impact(['-f', dump, '--from', 'today', '--to', to], files);
  expect(run).toMatchObject({ status: 2, stdout: '' });
  expect(run.stderr).toContain(says);
});

test('rules in a ConfigMap need a cluster, and it is told what does without', async () => {
  const configMap = policy(0.9, ', bundle: {configMap: {name: rules, namespace: risk}}');
  const run = await impact(['-f', 'dump.ndjson', '--from', 'today', '--to', 'bundled.yaml'], {
    ...FILES,
    'bundled.yaml': configMap.replace('name: accuracy', 'name: bundled'),
  });
  expect(run).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'ClusterApprovalPolicy bundled: its bundle needs a ConfigMap, and no cluster is asked here: give the folder that the bundle is made from\n',
  });
});

test('a version that does not fit the schema is named, and the others are judged', async () => {
  const broken = {
    ...aVersion({ name: 'strange', accuracy: 1 }),
    spec: { model: 'm', version: '1', stage: 'Rejected' },
  };
  const files = { ...FILES, 'more.ndjson': JSON.stringify(broken) };
  const { stdout } = await impact(['-f', 'dump.ndjson', 'more.ndjson', '--from', 'today', '--to', 'next'], files);
  expect(stdout).toContain('cannot be judged: risk/strange: spec.stage:');
  expect(stdout).toContain('2 would flip');
});
