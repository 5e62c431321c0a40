import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import type { ModelVersion } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { type AdmissionCluster, aPolicy, assertOk, aVersion, installAdmission } from './admission-cluster.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let noisy: AdmissionCluster;
let quiet: AdmissionCluster;
let operator: OperatorProcess;
let cacheFolder: string;

const QUICK = 'package approval\n\nallow contains "fine" if input.modelVersion.spec.metrics.accuracy > 0.9\n';

/** Longer than the compiler may take. */
const SLOW_TO_COMPILE = `package approval\n\n${Array.from({ length: 20_000 }, (_, at) => `deny contains "d${at}" if input.a[${at}]`).join('\n')}\n`;
const SLOW_POLICIES = 4;

/** Takes some hundred milliseconds. */
const SLOW_TO_EVALUATE = `package approval

require contains {"reason": "looked at for long"} if not found

found if { a = data.xs[_]; b = data.xs[_]; c = data.xs[_]; d = data.xs[_]; d == "no"; a == b; b == c }
`;
const SLOW_VERSIONS = 200;

beforeAll(async () => {
  [noisy, quiet] = await Promise.all([installAdmission(), installAdmission()]);
  cacheFolder = await mkdtemp(join(tmpdir(), 'assent-noisy-'));
  await quiet.applyPolicy('quick', QUICK);
  const limits = { timeout: '5s' };
  const data = { xs: Array.from({ length: 60 }, (_, at) => `x${at}`) };
  await noisy.applyPolicy('slow', SLOW_TO_EVALUATE, { limits, data, match: { models: ['slow-*'] } });
  for (let at = 0; at < SLOW_POLICIES; at++) {
    const policy = aPolicy(`uncompiled-${at}`, `${SLOW_TO_COMPILE}# ${at}\n`, { match: { models: ['none'] } });
    assertOk(await noisy.admin(['create', '--filename', '-'], policy));
  }
  await quiet.submit({ name: 'before' });
  const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  const namespaces = ['--namespaces', noisy.namespace, quiet.namespace];
  operator = await startOperatorProcess(kubeconfig, { cacheFolder, args: namespaces });
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await rm(cacheFolder, { recursive: true, force: true });
});

async function reasonOf(name: string): Promise<string | undefined> {
  const { status } = await quiet.read(name);
  return status?.conditions?.find(({ type }) => type === 'Approved')?.reason;
}

async function listNoisy(kind: string): Promise<readonly Pick<ModelVersion, 'status'>[]> {
  return JSON.parse(assertOk(await noisy.admin(['get', kind, '--output', 'json'])).stdout).items;
}

test('policies that are slow to compile hold up no version and no policy of another namespace', async () => {
  await until(() => reasonOf('before'), 'AutoApproved');
  await quiet.applyPolicy('new', `${QUICK}# new\n`, { match: { models: ['new'] } });
  assertOk(await quiet.admin(['wait', '--for=condition=Ready', 'approvalpolicy/new', '--timeout=60s']));
  const settled = (await listNoisy('approvalpolicies')).filter(({ status }) => status?.observedGeneration === 1);
  expect(settled.length).toBeLessThan(SLOW_POLICIES);
});

test('versions that are slow to judge hold up no version of another namespace', async () => {
  assertOk(await noisy.admin(['wait', '--for=condition=Ready', 'approvalpolicy/slow', '--timeout=60s']));
  const items = Array.from({ length: SLOW_VERSIONS }, (_, at) => aVersion({ name: `v${at}` }, { model: `slow-${at}` }));
  assertOk(await noisy.submitter(['create', '--filename', '-'], { apiVersion: 'v1', kind: 'List', items }));
  await quiet.submit({ name: 'after' });
  await until(() => reasonOf('after'), 'AutoApproved');
  const judged = (await listNoisy('modelversions')).filter(({ status }) => status?.observedGeneration === 1);
  expect(judged.length).toBeLessThan(SLOW_VERSIONS / 2);
});
