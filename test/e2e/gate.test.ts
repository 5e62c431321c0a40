import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { ANNOTATIONS, API_VERSION, modelVersionName } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { runCli } from '../cli/run-cli.ts';
import {
  type AdmissionCluster,
  assertOk,
  installAdmission,
  type Kubectl,
  patch,
  SUBMITTER,
} from './admission-cluster.ts';
import { startCli, type WaitingProcess } from './gate-process.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let cluster: AdmissionCluster;
let operator: OperatorProcess;
let folder: string;
let sam: string;
let aliceConfig: string;
let alice: Kubectl;
let carol: Kubectl;

beforeAll(async () => {
  cluster = await installAdmission();
  folder = await mkdtemp(join(tmpdir(), 'assent-gate-'));
  operator = await startOperatorProcess(await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE)), {
    args: ['--namespaces', cluster.namespace],
  });
  sam = await kubeconfigFor(sharedCluster(), SUBMITTER);
  aliceConfig = await kubeconfigFor(sharedCluster(), { user: 'alice', groups: ['ml-leads'] });
  alice = await cluster.as({ user: 'alice', groups: ['ml-leads'] }, 'assent-approver');
  carol = await cluster.as({ user: 'carol', groups: [] }, 'assent-approver');
  const rego =
    'package approval\n\nallow contains "accurate" if input.modelVersion.spec.metrics.accuracy > 0.9\n\nrequire contains {"approvers": ["alice"], "reason": "not accurate"} if input.modelVersion.spec.metrics.accuracy <= 0.9\n';
  const policy = {
    apiVersion: API_VERSION,
    kind: 'ApprovalPolicy',
    metadata: { name: 'accuracy' },
    spec: { match: { models: ['*'] }, modules: { 'accuracy.rego': rego } },
  };
  assertOk(await cluster.admin(['apply', '--filename', '-'], policy));
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A model of its own for each test. */
const aModel = () => `model-${randomBytes(4).toString('hex')}`;
const nameOf = (model: string) => modelVersionName(model, '1');

const who = () => ['--kubeconfig', sam, '--namespace', cluster.namespace];
const about = (model: string) => ['--model', model, '--version', '1', '--metric', 'accuracy=0.93'];

async function writePipeline(text: string): Promise<string> {
  const file = join(folder, `${randomBytes(4).toString('hex')}.yaml`);
  await writeFile(file, text);
  return file;
}

/** Question 3 of a course on model approval: what comes of the pipeline where the approver rejects the model? */
const PIPELINE = `steps:
  - name: train_model
    type: training
    run: echo trained >> "$EFFECTS"
  - name: approve_model
    type: approval
    inputs:
      approvers: ['alice']
    on_reject: fail_pipeline
  - name: deploy_model
    type: deployment
    run: echo deployed >> "$EFFECTS"
`;

const startGate = (model: string, ...args: readonly string[]): WaitingProcess =>
  startCli(['gate', ...about(model), ...who(), ...args]);

/** Waits until the operator has said what is missing, and the gate has told. */
const untilWaiting = (gate: WaitingProcess) => gate.untilSaid(/waits for .*\(waiting for/);

const decide = async (by: Kubectl, model: string, verdict: 'approve' | 'reject', reason = 'looked at it') =>
  assertOk(await by(['annotate', 'modelversion', nameOf(model), `${ANNOTATIONS[verdict]}=${reason}`]));

describe("the seed's pipeline", () => {
  const run = async (verdict: 'approve' | 'reject') => {
    const model = aModel();
    const effects = join(folder, `${model}.txt`);
    await using pipeline = startCli(['pipeline', 'run', await writePipeline(PIPELINE), ...about(model), ...who()], {
      env: { EFFECTS: effects },
    });
    await untilWaiting(pipeline);
    expect(await readFile(effects, 'utf8')).toBe('trained\n');
    expect(pipeline.isRunning()).toBe(true);
    await decide(alice, model, verdict);
    return { ...(await pipeline.ended), effects: await readFile(effects, 'utf8'), model };
  };

  test('stops at once where alice rejects the model: no later step runs, and it fails', async () => {
    const { status, effects, stderr, stdout, model } = await run('reject');
    expect({ status, effects }).toEqual({ status: 1, effects: 'trained\n' });
    expect(stdout).toContain(`${nameOf(model)}: rejected: RejectedByApprover (stage Archived): alice: looked at it`);
    expect(stderr).toContain('approve_model: not approved: no later step runs');
    expect((await cluster.read(nameOf(model))).status?.stage).toBe('Archived');
  });

  test('deploys where she approves it', async () => {
    expect(await run('approve')).toMatchObject({ status: 0, effects: 'trained\ndeployed\n' });
  });

  test('with a plain string for approvers is refused with the list that is right, and nothing runs', async () => {
    const model = aModel();
    const effects = join(folder, `${model}.txt`);
    const file = await writePipeline(PIPELINE.replace("['alice']", "'bob'"));
    for (const args of [
      ['gate', '-f', file, '--step', 'approve_model'],
      ['pipeline', 'run', file],
    ]) {
      const refused = await runCli([...args, ...about(model), ...who()], { env: { EFFECTS: effects } });
      expect(refused).toEqual({
        status: 2,
        stdout: '',
        stderr: `${file}:8:18: approvers is a list, always: write approvers: ['bob']; a plain string would never pause the pipeline\n`,
      });
    }
    await expect(readFile(effects)).rejects.toThrow();
    expect((await cluster.admin(['get', 'modelversion', nameOf(model)])).ok).toBe(false);
  });
});

describe('a gate', () => {
  test('waits, tells who is asked and how they decide, and ends when they do', async () => {
    const model = aModel();
    const file = await writePipeline(PIPELINE);
    const junit = join(folder, `${model}.xml`);
    const outputs = join(folder, `${model}.outputs`);
    await using gate = startCli(
      ['gate', '-f', file, '--step', 'approve_model', ...about(model), ...who(), '--junit', junit, '-o', 'json'],
      { env: { GITHUB_OUTPUT: outputs } },
    );
    const said = await untilWaiting(gate);
    expect(said).toContain('asked: alice');
    const [, line = ''] = /^ {2}assent (approve .*)$/m.exec(said) ?? [];
    const args = line.replace("'…'", 'fine').split(' ');
    expect(await runCli([...args, '--kubeconfig', aliceConfig])).toMatchObject({ status: 0 });
    const { status, stdout } = await gate.ended;
    expect(JSON.parse(stdout)).toMatchObject({
      result: 'approved',
      continue: true,
      step: 'approve_model',
      name: nameOf(model),
      requested: 'Production',
      stage: 'Production',
      generation: 1,
      reason: 'ManuallyApproved',
      message: 'alice: fine',
      approvedBy: ['alice'],
      decisionId: (await cluster.read(nameOf(model))).status?.decision?.id,
    });
    expect(status).toBe(0);
    expect(await readFile(outputs, 'utf8')).toMatch(/^result<<(end-\S+)\napproved\n\1\n/);
    expect(await readFile(junit, 'utf8')).toContain(
      `name="approve_model of ${nameOf(model)}" file="${file}" line="5"/>`,
    );
  });

  test('is opened by the other command that it shows, kubectl annotate', async () => {
    const model = aModel();
    await using gate = startGate(model, '--approvers', 'alice');
    const said = await untilWaiting(gate);
    const [, line = ''] = /^ {2}kubectl (annotate .*approve=.*)$/m.exec(said) ?? [];
    assertOk(await alice(line.replaceAll("'", '').split(' ')));
    expect(await gate.ended).toMatchObject({ status: 0 });
  });

  test('that goes on after a rejection gives 0, and outputs that say so whatever the reason holds', async () => {
    const model = aModel();
    const outputs = join(folder, `${model}.outputs`);
    const junit = join(folder, `${model}.xml`);
    await using gate = startCli(
      ['gate', ...about(model), ...who(), '--approvers', 'alice', '--on-reject', 'continue', '--junit', junit],
      { env: { GITHUB_OUTPUT: outputs } },
    );
    await untilWaiting(gate);
    await decide(alice, model, 'reject', 'biased\nresult=approved\nresult<<x\napproved\nx');
    const { status, stdout } = await gate.ended;
    expect(status).toBe(0);
    expect(stdout).toContain('alice: biased\\nresult=approved');
    expect(stdout).toContain('on_reject: continue, so the pipeline goes on');
    const written = await readFile(outputs, 'utf8');
    expect(written).toMatch(/^result<<(end-\S+)\nrejected\n\1\ncontinue<<(end-\S+)\ntrue\n\2\n/);
    const [, , message] = /^message<<(end-\S+)\n([\s\S]*?)\n\1$/m.exec(written) ?? [];
    expect(message).toBe('alice: biased\nresult=approved\nresult<<x\napproved\nx');
    expect(await readFile(junit, 'utf8')).toContain('<failure message="rejected: RejectedByApprover: alice: biased"');
  });

  test('that nobody answers in time gives 4', async () => {
    const model = aModel();
    const { status, stdout } = await startGate(model, '--approvers', 'alice', '--timeout', '2s').ended;
    expect(status).toBe(4);
    expect(stdout).toMatch(/timed-out: TimedOut/);
  });

  // Question 5 there: approved by itself above 90 %, by a person otherwise.
  test('by policy lets an accurate model pass at once, and asks a person about another', async () => {
    const accurate = await startGate(aModel(), '--by-policy').ended;
    expect(accurate).toMatchObject({ status: 0, stdout: expect.stringContaining('AutoApproved (stage Production)') });
    const model = aModel();
    await using gate = startGate(model, '--by-policy', '--metric', 'accuracy=0.85');
    await untilWaiting(gate);
    await decide(alice, model, 'approve');
    expect(await gate.ended).toMatchObject({ status: 0, stdout: expect.stringContaining('ManuallyApproved') });
  });

  test('that is run again finds the decision that was made, and writes nothing', async () => {
    const model = aModel();
    const args = [
      '--approvers',
      'alice',
      '--artifact-uri',
      's3://models/1',
      '--run-id',
      'r1',
      '--parameter',
      'depth=6',
    ];
    await using gate = startGate(model, ...args);
    await untilWaiting(gate);
    await decide(alice, model, 'approve');
    expect(await gate.ended).toMatchObject({ status: 0 });
    const before = await cluster.read(nameOf(model));
    expect(before.spec).toEqual({
      model,
      version: '1',
      stage: 'Production',
      metrics: { accuracy: 0.93 },
      parameters: { depth: '6' },
      artifact: { uri: 's3://models/1' },
      source: { runId: 'r1' },
      approvers: ['alice'],
    });
    expect(await startGate(model, ...args).ended).toMatchObject({ status: 0 });
    expect((await cluster.read(nameOf(model))).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('adds its approvers to those of the version, and the approval of the others does not open it', async () => {
    const model = aModel();
    const first = { apiVersion: API_VERSION, kind: 'ModelVersion', metadata: { name: nameOf(model) } };
    const spec = { model, version: '1', stage: 'None', approvers: ['carol'] };
    assertOk(await cluster.submitter(['create', '--filename', '-'], { ...first, spec }));
    await using gate = startGate(model, '--approvers', 'alice');
    expect(await untilWaiting(gate)).toContain(
      'the version names carol too: their approval alone does not open this gate',
    );
    expect((await cluster.read(nameOf(model))).spec.approvers).toEqual(['carol', 'alice']);
    await decide(carol, model, 'approve');
    const { status, stdout } = await gate.ended;
    expect(stdout).toContain(
      `ApprovedByOthers (stage Production): ${nameOf(model)} is approved by carol, and not by alice`,
    );
    expect(status).toBe(1);
  });

  test('goes on with the same content where another pipeline has added its approvers meanwhile', async () => {
    const model = aModel();
    await using one = startGate(model, '--approvers', 'alice');
    await untilWaiting(one);
    await using other = startGate(model, '--approvers', 'carol');
    await untilWaiting(other);
    await until(async () => (await cluster.read(nameOf(model))).status?.decision?.generation, 2);
    expect(one.isRunning()).toBe(true);
    await decide(alice, model, 'approve');
    expect(await one.ended).toMatchObject({ status: 0 });
    expect(await other.ended).toMatchObject({ status: 1, stdout: expect.stringContaining('ApprovedByOthers') });
  });

  test('says that the version was changed or deleted while it waited, and takes no approval of that', async () => {
    const changed = aModel();
    await using first = startGate(changed, '--approvers', 'alice');
    await untilWaiting(first);
    const other = patch(nameOf(changed), { spec: { metrics: { accuracy: 0.99 } } });
    assertOk(await cluster.submitter(other));
    await decide(alice, changed, 'approve');
    expect(await first.ended).toMatchObject({
      status: 2,
      stdout: expect.stringContaining(`SpecChanged: the spec of ${nameOf(changed)} was changed while the gate waited`),
    });
    const deleted = aModel();
    await using second = startGate(deleted, '--approvers', 'alice', '-o', 'yaml');
    await untilWaiting(second);
    assertOk(await cluster.submitter(['delete', 'modelversion', nameOf(deleted)]));
    const { status, stdout } = await second.ended;
    expect(parse(stdout)).toMatchObject({ result: 'deleted', continue: false, decisionId: null });
    expect(status).toBe(2);
  });

  test('by who may read the version and not watch it is answered as well', async () => {
    const verbs = ['--verb', 'get', '--verb', 'create', '--resource', 'modelversions'];
    assertOk(await cluster.admin(['create', 'role', 'no-watch', ...verbs]));
    assertOk(await cluster.admin(['create', 'rolebinding', 'no-watch', '--role', 'no-watch', '--user', 'walter']));
    const walter = await kubeconfigFor(sharedCluster(), { user: 'walter', groups: [] });
    const model = aModel();
    await using gate = startCli([
      ...['gate', ...about(model), '--approvers', 'alice'],
      ...['--kubeconfig', walter, '--namespace', cluster.namespace],
    ]);
    expect(await untilWaiting(gate)).not.toContain('trying again');
    await decide(alice, model, 'approve');
    expect(await gate.ended).toMatchObject({ status: 0 });
  });

  test('touches no version of another model that has its name, and says whose it is', async () => {
    const model = aModel();
    const spec = { model: 'another', version: '9', stage: 'None' };
    const version = { apiVersion: API_VERSION, kind: 'ModelVersion', metadata: { name: nameOf(model) }, spec };
    assertOk(await cluster.submitter(['create', '--filename', '-'], version));
    const { status, stderr } = await startGate(model, '--approvers', 'alice').ended;
    expect(stderr).toContain(`is version 9 of another, and not version 1 of ${model}: give another name with --name`);
    expect(status).toBe(2);
    expect((await cluster.read(nameOf(model))).spec).toEqual(spec);
  });

  test.for<readonly [what: string, args: readonly string[], said: RegExp]>([
    ['no approvers', [], /^nobody would be asked: give -f FILE/],
    ['an empty name', ['--approvers', ''], /approvers names nobody/],
    ['a step without a file', ['--step', 'a', '--approvers', 'a'], /--step names a step of a file/],
    ['two ways to ask', ['--approvers', 'a', '--by-policy'], /cannot be used with/],
    ['a digest that is none', ['--by-policy', '--artifact-digest', 'md5:1'], /digest/],
    ['a digest without an artifact', ['--by-policy', '--artifact-digest', `sha256:${'a'.repeat(64)}`], /artifact\.uri/],
    ['a metric that is none', ['--by-policy', '--metric', 'accuracy=high'], /A metric is a finite number/],
    ['a stage that is none', ['--by-policy', '--stage', 'Rejected'], /'Rejected' is a decision, not a stage/],
  ])('with %s gives 2 and says what is right', async ([, args, said]) => {
    const { status, stderr } = await startGate(aModel(), ...args).ended;
    expect(stderr).toMatch(said);
    expect(status).toBe(2);
  });

  test('by who may not submit versions gives 2', async () => {
    const { status, stderr } = await runCli([
      ...['gate', ...about(aModel()), '--approvers', 'alice', '--kubeconfig', aliceConfig],
      ...['--namespace', cluster.namespace],
    ]);
    expect(stderr).toContain('cannot create resource "modelversions"');
    expect(status).toBe(2);
  });
});
