import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { type Receiver, startReceiver } from '../records/receiver.ts';
import { type AdmissionCluster, assertOk, aVersion, installAdmission } from './admission-cluster.ts';
import { fetchMetrics, findMetric } from './operator-metrics.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let cluster: AdmissionCluster;
let kubeconfig: string;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'assent-sinks-'));
  cluster = await installAdmission();
  kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  const rego = 'package approval\n\nallow contains "good" if input.modelVersion.spec.metrics.accuracy > 0.9\n';
  const policy = {
    apiVersion: API_VERSION,
    kind: 'ApprovalPolicy',
    metadata: { name: 'accuracy' },
    spec: { modules: { 'accuracy.rego': rego } },
  };
  assertOk(await cluster.admin(['apply', '--filename', '-'], policy));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** An operator that records to a receiver and to a file, which outlive it. */
async function prepare(receiver: Receiver, args: readonly string[] = []) {
  const folder = await mkdtemp(join(root, 'operator-'));
  const file = join(folder, 'records.ndjson');
  const start = () =>
    startOperatorProcess(kubeconfig, {
      args: [
        ...['--namespaces', cluster.namespace, '--health-port', '0', '--record-file', file],
        ...['--record-url', receiver.url.href, '--record-spool', join(folder, 'spool'), ...args],
      ],
    });
  const readRecords = async () => {
    const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
    return lines.map((line) => z.looseObject({ id: z.string() }).parse(JSON.parse(line)));
  };
  return { file, start, readRecords };
}

async function submit(prefix: string, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, index) => aVersion({ name: `${prefix}-${index}` }));
  assertOk(await cluster.submitter(['create', '--filename', '-'], { apiVersion: 'v1', kind: 'List', items }));
}

const Stored = z.object({
  metadata: z.object({ name: z.string() }),
  status: z.object({ decision: z.object({ id: z.string() }) }),
});

/** @returns the ids of the decisions on the versions whose names begin so; those without one have none. */
async function decisionsOn(prefix: string): Promise<readonly string[]> {
  const { stdout } = assertOk(await cluster.admin(['get', 'modelversions', '--output', 'json']));
  const { items } = z.object({ items: z.array(z.unknown()) }).parse(JSON.parse(stdout));
  const decided = items.flatMap((item) => Stored.safeParse(item).data ?? []);
  return decided.filter(({ metadata }) => metadata.name.startsWith(prefix)).map(({ status }) => status.decision.id);
}

const countDecided = (prefix: string) => async () => (await decisionsOn(prefix)).length;

const readMetric = async (operator: OperatorProcess, name: string) => findMetric(await fetchMetrics(operator), name);

const loggedBy = ({ log }: OperatorProcess) => log.flatMap(({ msg, record }) => (msg === 'record' ? [record] : []));

/** A log comes by a way of its own, and may come later. */
const untilLogged = (operator: OperatorProcess, { records }: Pick<Receiver, 'records'>) =>
  until(async () => loggedBy(operator), records);

const Decision = z.looseObject({ decision: z.object({ id: z.string() }) });
const decisionIds = (records: readonly unknown[]) =>
  records.flatMap((record) => Decision.safeParse(record).data?.decision.id ?? []);

it('fifty versions are decided while the receiver is away; when it is back it gets every record, in order', async () => {
  await using receiver = await startReceiver();
  await receiver.leave();
  const { start, readRecords } = await prepare(receiver);
  await using operator = await start();
  await submit('away', 50);
  await until(countDecided('away'), 50);
  expect(await readMetric(operator, 'assent_records_spooled_bytes')).toBeGreaterThan(50_000);
  const failures = () => readMetric(operator, 'assent_record_sink_failures_total{sink="http"}');
  await until(async () => Number(await failures()) > 0, true);
  await receiver.comeBack();
  await until(() => readMetric(operator, 'assent_records_spooled_bytes'), 0);
  await untilLogged(operator, receiver);
  expect(await readRecords()).toEqual(loggedBy(operator));
  expect(decisionIds(receiver.records)).toEqual(expect.arrayContaining([...(await decisionsOn('away'))]));
}, 120_000);

it('an operator killed in the middle, and its receiver gone as well, leaves no decision unrecorded', async () => {
  await using receiver = await startReceiver();
  const { start, readRecords } = await prepare(receiver);
  await submit('killed', 300);
  const killed = await start();
  await until(async () => receiver.records.length > 20, true);
  await receiver.leave();
  const atLeave = loggedBy(killed).length;
  await until(async () => loggedBy(killed).length > atLeave + 20, true);
  await killed.kill();
  expect(await countDecided('killed')()).toBeLessThan(300);
  await receiver.comeBack();
  await using operator = await start();
  await until(countDecided('killed'), 300);
  await until(() => readMetric(operator, 'assent_records_spooled_bytes'), 0);
  const decisions = expect.arrayContaining([...(await decisionsOn('killed'))]);
  expect(decisionIds(receiver.records)).toEqual(decisions);
  expect(decisionIds(await readRecords())).toEqual(decisions);
}, 120_000);

it('a full spool makes decisions wait, and an operator that is told to end does not wait for it', async () => {
  await using receiver = await startReceiver();
  await receiver.leave();
  const { start } = await prepare(receiver, ['--record-spool-limit', '64Ki']);
  const full = await start();
  await submit('full', 100);
  await until(() => readMetric(full, 'assent_record_spool_full'), 1);
  const told = async () => full.log.some(({ msg }) => msg === 'record spool is full: decisions wait');
  await until(told, true);
  expect(await readMetric(full, 'assent_records_spooled_bytes')).toBeLessThanOrEqual(64 * 2 ** 10);
  expect(await countDecided('full')()).toBeLessThan(100);
  await full[Symbol.asyncDispose]();
  expect(full.log).toContainEqual(expect.objectContaining({ msg: 'operator stopped' }));
  await receiver.comeBack();
  await using operator = await start();
  await until(countDecided('full'), 100);
  await until(() => readMetric(operator, 'assent_records_spooled_bytes'), 0);
  expect(decisionIds(receiver.records)).toEqual(expect.arrayContaining([...(await decisionsOn('full'))]));
}, 120_000);

it('what is masked is nowhere in the record, which says so, and is neither replayed nor verified', async () => {
  await using receiver = await startReceiver();
  const { file, start } = await prepare(receiver, [
    ...['--record-mask', '/snapshot/*/spec/parameters/api_key'],
    '/snapshot/*/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration',
  ]);
  const secret = 'hush-hush';
  {
    await using operator = await start();
    const version = aVersion({ name: 'masked' }, { parameters: { api_key: secret, max_depth: '6' } });
    assertOk(await cluster.submitter(['apply', '--filename', '-'], version));
    await until(countDecided('masked'), 1);
    const isIts = (record: unknown) =>
      z.looseObject({ modelVersion: z.object({ name: z.literal('masked') }) }).safeParse(record).success;
    await until(async () => receiver.records.filter(isIts).length, 1);
    await untilLogged(operator, receiver);
    expect(JSON.stringify(operator.log)).not.toContain(secret);
  }
  const text = await readFile(file, 'utf8');
  expect(receiver.requests.map((request) => request.text).join('')).toBe(text);
  expect(text).not.toContain(secret);
  for (const [encoded] of text.matchAll(/[A-Za-z0-9+/=]{40,}/g))
    expect(Buffer.from(encoded, 'base64').toString()).not.toContain(secret);
  const record = JSON.parse(text.split('\n').find((line) => line.includes('"masked":')) ?? '');
  expect(record).toMatchObject({
    kind: 'Decision',
    snapshot: { modelVersion: { spec: { parameters: { api_key: '[masked]', max_depth: '6' } } } },
    masked: [
      '/snapshot/modelVersion/spec/parameters/api_key',
      '/snapshot/modelVersion/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration',
    ],
  });
  for (const command of ['replay', 'verify']) {
    const { status, stdout } = await runCli([command, file]);
    expect({ status, stdout }).toEqual({
      status: 2,
      stdout: expect.stringContaining('was masked: /snapshot/modelVersion'),
    });
  }
}, 120_000);
