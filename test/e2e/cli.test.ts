import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { kubeconfigFor, type User } from '../../src/dev/index.ts';
import { CLI, type CliRun, runCli } from '../cli/run-cli.ts';
import { complete, hasProgram, installCompletion, SHELLS } from '../cli/shells.ts';
import { type AdmissionCluster, assertOk, aVersion, installAdmission, patch } from './admission-cluster.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let cluster: AdmissionCluster;
let operator: OperatorProcess;
/** Kubeconfigs by user. */
let alice: string;
let bob: string;
let eve: string;
let sam: string;

beforeAll(async () => {
  cluster = await installAdmission();
  const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  await applyPolicy('one', 'require contains {"approvers": ["alice", "group:risk"], "reason": "not accurate enough"}');
  await applyPolicy('two', 'require contains {"approvers": ["alice", "bob"], "count": 2, "reason": "touches credit"}');
  await applyPolicy('good', 'allow contains "accurate enough"');
  operator = await startOperatorProcess(kubeconfig, { args: ['--namespaces', cluster.namespace] });
  [alice, bob, eve, sam] = await Promise.all([
    person({ user: 'alice', groups: ['ml-leads'] }),
    person({ user: 'bob', groups: ['risk'] }),
    person({ user: 'eve', groups: [] }),
    kubeconfigFor(sharedCluster(), { user: 'sam', groups: ['data-science'] }),
  ]);
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
});

/** @returns the kubeconfig of a user who may approve, in this cluster or another one. */
async function person(user: User, { as }: Pick<AdmissionCluster, 'as'> = cluster): Promise<string> {
  await as(user, 'assent-approver');
  return kubeconfigFor(sharedCluster(), user);
}

/** A policy for the versions that carry its name as the label `use`. */
async function applyPolicy(name: string, rule: string, spec: Record<string, unknown> = {}): Promise<void> {
  const match = { selector: { matchLabels: { use: name } } };
  await cluster.applyPolicy(name, `package approval\n\n${rule}\n`, { match, ...spec });
}

/** Submits a version, which Sam does, and waits until it is decided. */
async function submit(use: string, spec: Record<string, unknown> = {}): Promise<string> {
  const name = `mv-${randomBytes(4).toString('hex')}`;
  const version = aVersion({ name, labels: { use } }, { model: name, ...spec });
  assertOk(await cluster.submitter(['create', '--filename', '-'], version));
  await until(async () => (await cluster.read(name)).status?.decision?.generation, 1);
  return name;
}

/** Runs `assent COMMAND …` as a user. */
const assent = (kubeconfig: string, ...args: readonly string[]): Promise<CliRun> =>
  runCli([...args, '--kubeconfig', kubeconfig, ...(args.includes('-A') ? [] : ['-n', cluster.namespace])]);

describe('a decision', () => {
  test('that counts is recorded, the stage moves, and the exit code is 0', async () => {
    const name = await submit('one');
    const run = await assent(alice, 'approve', name, '--reason', 'checked the errors by hand');
    expect(run).toEqual({
      status: 0,
      stderr: '',
      stdout: `approval of ${name} by alice is recorded and counts
ManuallyApproved (stage Production): alice: checked the errors by hand
`,
    });
    const { status } = await cluster.read(name);
    expect(status).toMatchObject({ stage: 'Production', approvals: [{ user: 'alice', counted: true }] });
  });

  test('of a member of a group counts for the group', async () => {
    const name = await submit('one');
    expect(await assent(bob, 'reject', `mv/${name}`, '--reason', 'biased')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('RejectedByApprover (stage Archived): bob: biased'),
    });
  });

  test('can be taken back, and a repetition of the command changes nothing', async () => {
    const name = await submit('good');
    const revoke = () => assent(eve, 'revoke', name, '--reason', 'drift');
    const first = await revoke();
    expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('Revoked (stage Archived): eve: drift') });
    expect(await revoke()).toEqual(first);
    expect((await cluster.read(name)).status?.approvals).toHaveLength(1);
  });

  test('that does not count is recorded, says why, and the exit code is 1', async () => {
    const name = await submit('one');
    const { status, stdout } = await assent(eve, 'approve', name, '--reason', 'why not');
    expect(stdout).toContain('does not count: eve is not among the approvers: alice, group:risk');
    expect(stdout).toContain('AwaitingApproval (stage None): waits for 1 approval by alice, group:risk');
    expect(status).toBe(1);
  });

  test('by who does not hold the verb is refused with the role that has it, and the exit code is 2', async () => {
    const name = await submit('one');
    const { status, stdout, stderr } = await assent(sam, 'approve', name, '--reason', 'mine');
    expect(stderr).toContain('sam may not decide: that needs the RBAC verb approve');
    expect(stderr).toContain('ClusterRole assent-approver has it');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect((await cluster.read(name)).metadata.annotations).not.toHaveProperty([ANNOTATIONS.approve]);
  });

  test('of two people at the same time, in the same words, is recorded twice', async () => {
    const name = await submit('two');
    const runs = await Promise.all([alice, bob].map((who) => assent(who, 'approve', name, '--reason', 'LGTM')));
    expect(runs.map(({ status }) => status)).toEqual([0, 0]);
    const { status } = await cluster.read(name);
    expect(status?.approvals?.map(({ user, counted }) => ({ user, counted }))).toEqual(
      expect.arrayContaining([
        { user: 'alice', counted: true },
        { user: 'bob', counted: true },
      ]),
    );
    expect(status).toMatchObject({ stage: 'Production', decision: { requirements: [{ count: 2 }] } });
  });

  test('in the same words is a new one, where the spec is', async () => {
    const name = await submit('one');
    await assent(alice, 'approve', name, '--reason', 'ok');
    const changed = { spec: { metrics: { accuracy: 0.5 } } };
    assertOk(await cluster.submitter(patch(name, changed)));
    await until(async () => (await cluster.read(name)).status?.decision?.generation, 2);
    expect(await assent(alice, 'approve', name, '--reason', 'ok')).toMatchObject({ status: 0 });
    expect((await cluster.read(name)).status?.approvals).toMatchObject([
      { generation: 1, counted: false },
      { generation: 2, counted: true },
    ]);
  });

  test('in the same words, when others have decided since, would be lost, so it is refused', async () => {
    const name = await submit('one');
    await assent(eve, 'approve', name, '--reason', 'ok');
    await assent(eve, 'approve', name, '--reason', 'really');
    const { status, stderr } = await assent(eve, 'approve', name, '--reason', 'ok');
    expect(stderr).toMatch(/eve gave mv-\w+ the reason "ok" at .*: to approve it again, give another --reason/);
    expect(status).toBe(2);
  });

  test('for a generation that is not there any more is refused', async () => {
    const name = await submit('one');
    const { status, stderr } = await assent(alice, 'approve', name, '--reason', 'ok', '--generation', '2');
    expect(stderr).toContain(`the spec of ${name} is at generation 1, not 2: look at it before you approve it`);
    expect(status).toBe(2);
    expect(await assent(alice, 'approve', name, '--reason', 'ok', '--generation', '1')).toMatchObject({ status: 0 });
  });

  test('needs no right to watch or to list', async () => {
    const name = await submit('one');
    const role = `narrow-${name}`;
    const rights = ['--verb=get,patch,approve', '--resource=modelversions.assent.dev', `--resource-name=${name}`];
    // kubectl does not know the verb, and warns.
    assertOk(await cluster.admin(['create', 'clusterrole', role, ...rights]));
    const nina = { user: 'nina', groups: ['risk'] };
    await cluster.as(nina, role);
    const kubeconfig = await kubeconfigFor(sharedCluster(), nina);
    expect(await assent(kubeconfig, 'approve', name, '--reason', 'ok')).toMatchObject({ status: 0 });
  });
});

describe('where no operator runs', () => {
  let unattended: AdmissionCluster;
  beforeAll(async () => {
    unattended = await installAdmission();
    await Promise.all(['alice', 'bob'].map((user) => unattended.as({ user, groups: [] }, 'assent-approver')));
  });
  const approve = (kubeconfig: string, name: string, ...args: readonly string[]) =>
    runCli(['approve', name, '--reason', 'ok', '--kubeconfig', kubeconfig, '-n', unattended.namespace, ...args]);
  const annotationsOf = async (name: string) => (await unattended.read(name)).metadata.annotations ?? {};

  test('a decision is not recorded in time, and the exit code is 4', async () => {
    const name = await unattended.submit();
    const { status, stdout, stderr } = await approve(alice, name, '--timeout', '500ms');
    expect(stderr).toContain(
      `the approval of ${name} is written and not recorded within 500ms; is the operator running?`,
    );
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
  });

  test('nobody waits who does not want to', async () => {
    const name = await unattended.submit();
    const run = await approve(alice, name, '--no-wait');
    expect(run).toEqual({ status: 0, stdout: `approval of ${name} is written\n`, stderr: '' });
    expect(await annotationsOf(name)).toMatchObject({ [ANNOTATIONS.approve]: 'ok' });
  });

  test('a second decision waits until the first is recorded', async () => {
    const name = await unattended.submit();
    await approve(alice, name, '--no-wait');
    const late = await approve(bob, name, '--no-wait', '--timeout', '500ms');
    expect(late.stderr).toContain('the approval was not taken within 500ms');
    expect(late.status).toBe(4);

    const second = approve(bob, name, '--no-wait', '--timeout', '60s');
    await until(async () => (await annotationsOf(name))[ANNOTATIONS.decidedBy], expect.stringContaining('"alice"'));
    assertOk(await unattended.record(name));
    expect(await second).toMatchObject({ status: 0 });
    expect((await annotationsOf(name))[ANNOTATIONS.decidedBy]).toContain('"bob"');
  });
});

describe('assent list', () => {
  let namespace: string;
  const names = ['champion', 'challenger', 'waiting'] as const;
  beforeAll(async () => {
    ({ namespace } = cluster);
    const versions = [
      aVersion({ name: names[0], labels: { use: 'good', listed: 'yes' } }, { model: 'listed', version: '9' }),
      aVersion(
        { name: names[1], labels: { use: 'good', listed: 'yes' } },
        { model: 'listed', version: '10', stage: 'Staging' },
      ),
      aVersion({ name: names[2], labels: { use: 'one', listed: 'yes' } }, { model: 'other', version: '1' }),
    ];
    for (const version of versions) assertOk(await cluster.submitter(['create', '--filename', '-'], version));
    for (const name of names) await until(async () => (await cluster.read(name)).status?.decision?.generation, 1);
  });
  const list = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await assent(sam, 'list', '-l', 'listed=yes', ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };

  test('has the columns of kubectl, with version 10 after version 9', async () => {
    const lines = (await list()).trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^NAME +MODEL +VERSION +STAGE +REQUESTED +DECISION +AGE$/),
      expect.stringMatching(/^champion +listed +9 +Production +Production +AutoApproved +\d+s$/),
      expect.stringMatching(/^challenger +listed +10 +Staging +Staging +AutoApproved +\d+s$/),
      expect.stringMatching(/^waiting +other +1 +None +Production +AwaitingApproval +\d+s$/),
    ]);
    const { stdout } = assertOk(await cluster.admin(['get', 'mv', 'champion']));
    expect(lines[0]?.split(/ +/)).toEqual(stdout.split('\n')[0]?.trim().split(/ +/));
  });

  test('wide adds the policies and why', async () => {
    expect(await list('-o', 'wide')).toMatch(
      /waiting .* one +waits for 1 approval by alice, group:risk \(not accurate enough\)\n/,
    );
  });

  test('is narrowed by model, by both stages, and to what waits', async () => {
    const named = async (...args: readonly string[]) => (await list('-o', 'name', ...args)).trimEnd().split('\n');
    expect(await named('--model', 'listed')).toEqual(['champion', 'challenger']);
    expect(await named('--stage', 'Staging')).toEqual(['challenger']);
    expect(await named('--requested', 'Production')).toEqual(['champion', 'waiting']);
    expect(await named('--waiting')).toEqual(['waiting']);
  });

  test('as JSON and YAML holds the same rows', async () => {
    const rows = JSON.parse(await list('-o', 'json'));
    expect(rows).toMatchObject([
      { namespace, name: 'champion', model: 'listed', version: '9', stage: 'Production', outcome: 'Approved' },
      { name: 'challenger' },
      { name: 'waiting', outcome: 'Pending', requirements: [{ approvers: ['alice', 'group:risk'], approvedBy: [] }] },
    ]);
    expect(parse(await list('-o', 'yaml'))).toEqual(rows);
  });

  test('as a map goes from model to version to stage', async () => {
    expect(JSON.parse(await list('-o', 'map'))).toEqual({
      listed: { 9: 'Production', 10: 'Staging' },
      other: { 1: 'None' },
    });
    expect(JSON.parse(await list('-o', 'map', '--model', 'listed'))).toEqual({ 9: 'Production', 10: 'Staging' });
  });

  test('of all namespaces names the namespace; who may not see them is told the role', async () => {
    const { stdout } = await assent(sharedCluster().kubeconfig, 'list', '-A', '-o', 'name', '-l', 'listed=yes');
    expect(stdout.split('\n')).toContain(`${namespace}/champion`);
    const { status, stderr } = await assent(sam, 'list', '-A');
    expect(stderr).toContain('assent-viewer to read versions');
    expect(status).toBe(2);
  });

  test('that is empty says what was looked for', async () => {
    const { status, stdout, stderr } = await assent(sam, 'list', '--model', 'listd');
    expect(stderr).toContain(`no versions of model listd in namespace ${namespace}; did you mean listed?`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  test('has colours on a terminal, and none in a pipe or where NO_COLOR is set', async ({ skip }) => {
    skip(process.platform !== 'linux' || !hasProgram('script'), 'needs util-linux, whose `script` is a terminal');
    const command = [process.execPath, CLI, 'list', '-l', 'listed=yes', '--kubeconfig', sam, '-n', namespace];
    const onTerminal = async (variables: Readonly<Record<string, string>>) => {
      // nothing else of the environment: CI, FORCE_COLOR and more speak about colours too
      const { PATH, HOME } = process.env;
      const env = { PATH, HOME, TERM: 'xterm-256color', ...variables };
      const args = ['-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null'];
      return (await promisify(execFile)('script', args, { env })).stdout;
    };
    const green = '\x1b[32mAutoApproved\x1b[39m   ';
    expect(await onTerminal({})).toContain(green);
    expect(await onTerminal({ NO_COLOR: '1' })).not.toContain('\x1b');
    expect(await list()).not.toContain('\x1b');
  });

  test.for(SHELLS)('gives %s the names to complete, of the namespace that the line names', async (shell, { skip }) => {
    skip(!hasProgram(shell), `${shell} is not installed`);
    const folder = await mkdtemp(join(tmpdir(), 'assent-names-'));
    try {
      await installCompletion(folder);
      const words = ['assent', 'status', '-n', namespace, '--kubeconfig', sam, 'champ'];
      const line = [...words.slice(0, -1), 'champion '].join(' ');
      expect(await complete(shell, folder, words)).toEqual([shell === 'zsh' ? line : 'champion']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a version', () => {
  test('is explained: why it waits, who has signed, who still can, and the command that signs', async () => {
    const name = await submit('two');
    await assent(bob, 'approve', name, '--reason', 'fine');
    await assent(eve, 'approve', name, '--reason', 'why not');
    const { status, stdout } = await assent(alice, 'status', name);
    expect(status).toBe(0);
    expect(stdout).toContain('ApprovalPolicy/two   require   touches credit');
    expect(stdout).toContain(
      '1. 1 of 2 by alice, bob (touches credit)\n     signed by bob\n     can still be signed by alice\n',
    );
    expect(stdout).toMatch(/Decisions that do not count:\n {2}approve by eve at .* \(why not\): eve is not among/);
    const [, command = ''] = /To approve it:\n {2}assent (.*)\n/.exec(stdout) ?? [];
    expect(command).toBe(
      `approve ${name} --namespace ${cluster.namespace} --kubeconfig ${alice} --generation 1 --reason '…'`,
    );
    const args = command.replace(" --reason '…'", '').split(' ');
    expect(await runCli([...args, '--reason', 'ok'])).toMatchObject({ status: 0 });
    expect((await cluster.read(name)).status?.stage).toBe('Production');
  });

  test('has a history, oldest move first', async () => {
    const name = await submit('good');
    await assent(eve, 'revoke', name, '--reason', 'drift');
    const { stdout } = await assent(sam, 'history', name);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^AT +FROM +TO +REASON +GENERATION +DECISION$/),
      expect.stringMatching(/^20\S+ +None +Production +AutoApproved +1 +[0-9a-f]{12}$/),
      expect.stringMatching(/^20\S+ +Production +Archived +Revoked +1 +[0-9a-f]{12}$/),
      '',
    ]);
    const [json, yaml] = await Promise.all([
      assent(sam, 'history', name, '-o', 'json'),
      assent(sam, 'history', name, '-o', 'yaml'),
    ]);
    expect(JSON.parse(json.stdout)).toEqual((await cluster.read(name)).status?.history?.toReversed());
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
  });

  test('that is not there is told with names that are near, or with the namespace that has it', async () => {
    const name = await submit('good');
    const near = await assent(sam, 'status', name.replace('mv-', 'mv'));
    expect(near).toMatchObject({ status: 2, stdout: '' });
    expect(near.stderr).toContain(
      `${name.replace('mv-', 'mv')}: no such ModelVersion in namespace ${cluster.namespace}`,
    );
    expect(near.stderr).toContain(`did you mean ${name}`);

    const admin = sharedCluster().kubeconfig;
    const elsewhere = await runCli(['history', name, '--kubeconfig', admin, '-n', 'kube-public']);
    expect(elsewhere.stderr).toContain(`there is one in namespace ${cluster.namespace}: add -n ${cluster.namespace}`);
  });
});

describe('assent who-can', () => {
  let name: string;
  beforeAll(async () => {
    await applyPolicy(
      'apart',
      'require contains {"approvers": ["alice", "group:risk", "serviceaccount:ci:bot", "dora"], "count": 2}',
      { separationOfDuties: true },
    );
    name = await submit('apart');
    const bindings = [
      ['create', 'rolebinding', 'risk-approves', '--clusterrole', 'assent-approver', '--group', 'risk'],
      ['create', 'rolebinding', 'bot-approves', '--clusterrole', 'assent-approver', '--serviceaccount', 'ci:bot'],
      [
        'create',
        'role',
        'this-one',
        '--verb=approve,get',
        '--resource=modelversions.assent.dev',
        `--resource-name=${name}`,
      ],
      ['create', 'rolebinding', 'sam-approves', '--role', 'this-one', '--user', 'sam'],
      [
        'create',
        'role',
        'that-one',
        '--verb=approve,get',
        '--resource=modelversions.assent.dev',
        '--resource-name=mv-x',
      ],
      ['create', 'rolebinding', 'zoe-does-not', '--role', 'that-one', '--user', 'zoe'],
    ];
    for (const args of bindings) assertOk(await cluster.admin(args));
  });

  test('tells users, groups and service accounts, by which binding, and for what they count', async () => {
    const { status, stdout } = await assent(sharedCluster().kubeconfig, 'who-can', name);
    expect(status).toBe(0);
    expect(stdout).toContain('1. 0 of 2 by alice, group:risk, serviceaccount:ci:bot, dora');
    const rows = stdout.split('\n').map((line) => line.split(/ {3,}/));
    const rowOf = (subject: string) => rows.find(([first]) => first === subject);
    expect(rowOf('alice')).toMatchObject([
      'alice',
      'User',
      expect.stringContaining('ClusterRole/assent-approver'),
      '1',
    ]);
    expect(rowOf('eve')?.slice(3)).toEqual(['1 if in group risk']);
    expect(rowOf('sam')?.slice(1)).toEqual([
      'User',
      'RoleBinding/sam-approves → Role/this-one',
      'nothing: submitted it, and duties are separate',
    ]);
    expect(rowOf('risk')?.slice(1)).toEqual(['Group', 'RoleBinding/risk-approves → ClusterRole/assent-approver', '1']);
    expect(rowOf('ci:bot')?.slice(1)).toEqual([
      'ServiceAccount',
      'RoleBinding/bot-approves → ClusterRole/assent-approver',
      '1',
    ]);
    expect(rowOf('system:masters')?.[2]).toContain('ClusterRoleBinding/cluster-admin → ClusterRole/cluster-admin');
    expect(rowOf('zoe')).toBeUndefined();
    expect(stdout).toContain('No binding names dora:');
    expect(stdout).toContain('Duties are separate: sam submitted it and cannot approve it.');
  });

  test('tells of oneself where RBAC may not be read, and which rights are missing', async () => {
    const { status, stdout, stderr } = await assent(bob, 'who-can', name);
    expect(stderr).toContain('bob may not list clusterroles, clusterrolebindings, roles in');
    expect(stderr).toContain(`bob may approve ${name}`);
    expect(stdout).toMatch(/bob +User +RBAC: allowed by .* 1\n/);
    expect(stdout).not.toContain('No binding names');
    expect(stdout).toContain('The policies may not be read: if they separate duties, sam');
    expect(status).toBe(2);
  });
});
