// The running operator decides as `assent evaluate` and `assent policy` do: 200 versions, byte for byte.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { type DecisionStatus, ModelVersion, type ModelVersionStatus } from '../../src/api/index.ts';
import { decideOffline } from '../../src/cli/evaluate/decide-offline.ts';
import { compilePolicies } from '../../src/cli/evaluate/evaluate-offline.ts';
import { openRegoTools } from '../../src/cli/policy/rego-tools.ts';
import { parseSubmitter, renderCanonicalJson } from '../../src/decision/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { buildPolicies, buildTable, type TableEntry } from '../one-verdict/versions.ts';
import { type AdmissionCluster, assertOk, installAdmission } from './admission-cluster.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let cluster: AdmissionCluster;
let operator: OperatorProcess;
let table: readonly TableEntry[];

beforeAll(async () => {
  cluster = await installAdmission();
  table = buildTable(cluster.namespace);
  operator = await startOperatorProcess(await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE)), {
    args: ['--namespaces', cluster.namespace],
  });
  // Without a policy a champion waits for a person: an approver lets it in, before any other policy is there.
  const champions = table.flatMap(({ champion }) => champion ?? []);
  await create([...champions]);
  const names = champions.map(({ metadata }) => metadata.name);
  await until(async () => (await readAll()).filter(isDecided).length, names.length);
  assertOk(await cluster.approver(['annotate', 'mv', ...names, 'assent.dev/approve=the champion of the table']));
  await until(
    async () => (await readAll()).filter(({ status }) => status?.stage === 'Production').length,
    names.length,
  );

  assertOk(await cluster.admin(['create', '--filename', '-'], asList(buildPolicies(cluster.namespace))));
  await until(async () => {
    const { stdout } = await cluster.admin([
      'get',
      'ap',
      '-o',
      'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}',
    ]);
    return stdout.split(' ').filter((status) => status === 'True').length;
  }, 4);
  await create(table.map(({ version }) => version));
  await until(async () => (await readAll()).filter(isDecided).length, table.length + names.length);
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
});

const asList = (items: readonly unknown[]) => ({ apiVersion: 'v1', kind: 'List', items });

async function create(versions: readonly ModelVersion[]): Promise<void> {
  assertOk(await cluster.submitter(['create', '--filename', '-'], asList(versions)));
}

const Versions = z.object({ items: z.array(ModelVersion) });

async function readAll(): Promise<readonly ModelVersion[]> {
  const { stdout } = assertOk(await cluster.admin(['get', 'mv', '--output', 'json']));
  return Versions.parse(JSON.parse(stdout)).items;
}

function isDecided({ status }: ModelVersion): boolean {
  return status?.decision !== undefined;
}

/** A decision without what is another one each time: its id and times, and how long it took. */
function comparable({ decision, stage, conditions = [] }: ModelVersionStatus): string {
  if (!decision) return 'undecided';
  const { id: _, decidedAt: __, waitingSince: ___, signature: ____, ...rest }: DecisionStatus = decision;
  const policies = rest.policies.map(({ evaluationMicroseconds: _, ...verdict }) => verdict);
  const told = conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message }));
  return renderCanonicalJson({ stage, decision: { ...rest, policies }, conditions: told });
}

it('the operator decides on each of 200 versions as offline, byte for byte', async () => {
  await using tools = openRegoTools();
  const catalog = await compilePolicies(buildPolicies(cluster.namespace), tools.compiler);
  const { stdout } = await cluster.admin(['get', 'namespace', cluster.namespace, '-o', 'json']);
  const { metadata } = z
    .object({ metadata: z.object({ labels: z.record(z.string(), z.string()) }) })
    .parse(JSON.parse(stdout));
  const stored = new Map((await readAll()).map((version) => [version.metadata.name, version]));
  for (const { version, champion } of table) {
    const decided = stored.get(version.metadata.name);
    if (!decided?.status?.decision) throw new Error(`${version.metadata.name} is not decided`);
    const { now } = decided.status.decision;
    const given = {
      modelVersion: version,
      champion: champion && { ...champion, status: { stage: 'Production' } as const },
      labels: metadata.labels,
      submitter: parseSubmitter(decided),
      verified: {},
      now,
    };
    const offline = await decideOffline(given, { catalog, evaluator: tools.evaluator });
    expect(comparable(decided.status), version.metadata.name).toBe(comparable(offline.status));
  }
});

const cacheFolder = join(tmpdir(), 'assent-test-cache');

/** Runs `assent policy explain` as who may read everything. */
const explain = (...args: readonly string[]) =>
  runCli(['policy', 'explain', ...args, '-n', cluster.namespace, '--kubeconfig', sharedCluster().kubeconfig], {
    cacheFolder,
  });

const Explained = z.object({
  outcome: z.string(),
  policies: z.array(z.object({ policy: z.string(), outcome: z.string() })),
});

it('and assent policy explain finds in the cluster what the operator decided', async () => {
  const stored = await readAll();
  const waiting = stored.filter(
    ({ status, metadata }) => status?.decision?.outcome === 'Pending' && /^table-\d+$/.test(metadata.name),
  );
  for (const { metadata, status } of waiting.slice(0, 2)) {
    const run = await explain(metadata.name, '-o', 'json');
    expect(run.stderr).toBe('');
    const { outcome, policies } = Explained.parse(JSON.parse(run.stdout));
    expect(outcome).toBe('Pending');
    expect(policies.map(({ policy: name, outcome }) => ({ name, outcome }))).toEqual(
      status?.decision?.policies.map(({ name, outcome }) => ({ name, outcome })),
    );
  }
});

it('and tells what people decided before what the policies would say', async () => {
  const name = table.find(({ champion }) => champion !== null)?.champion?.metadata.name ?? '';
  const { stdout } = await explain(name);
  expect(stdout).toContain(
    `${name}: ManuallyApproved: alice: the champion of the table\nBy its policies, as they are now, it `,
  );
});
