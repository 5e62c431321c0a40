import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import type { ApprovalPolicy } from '../../src/api/index.ts';
import { findCompliance } from '../../src/decision/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { aSigner, sha256, signStatement } from '../sign-statement.ts';
import { type AdmissionCluster, assertOk, aVersion, installAdmission } from './admission-cluster.ts';
import { expectReplays, recordsOf } from './expect-replays.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let cluster: AdmissionCluster;
let operator: OperatorProcess;

const ACCURACY = `package approval

allow contains "accurate enough" if input.modelVersion.spec.metrics.accuracy > data.parameters.threshold

require contains {"reason": "not accurate enough"} if not input.modelVersion.spec.metrics.accuracy > data.parameters.threshold
`;

beforeAll(async () => {
  cluster = await installAdmission();
  const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  await cluster.applyPolicy('accuracy', ACCURACY, {
    parameters: { threshold: 0.9 },
    approvers: ['alice'],
    match: { selector: { matchLabels: { use: 'accuracy' } } },
  });
  operator = await startOperatorProcess(kubeconfig, { args: ['--namespaces', cluster.namespace] });
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
});

/** Only the policy of that name judges the versions that carry the label. */
const judging = (use: string) => ({ match: { selector: { matchLabels: { use } } } });

async function submit(use: string, spec: Record<string, unknown> = {}): Promise<string> {
  const name = `mv-${randomBytes(4).toString('hex')}`;
  assertOk(
    await cluster.submitter(
      ['create', '--filename', '-'],
      aVersion({ name, labels: { use } }, { model: name, ...spec }),
    ),
  );
  return name;
}

async function stateOf(name: string) {
  const { status } = await cluster.read(name);
  const approved = status?.conditions?.find(({ type }) => type === 'Approved');
  return { stage: status?.stage, reason: approved?.reason, message: approved?.message };
}

async function policyReady(name: string) {
  const { status } = (await cluster.find<ApprovalPolicy>('approvalpolicies', name)) ?? {};
  return { ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status, ...status };
}

async function policyHealth(name: string) {
  const { ready, conditions = [], evaluations } = await policyReady(name);
  const quarantined = conditions.find(({ type }) => type === 'Quarantined')?.message;
  return { ready, quarantined, killed: evaluations?.killed, allow: evaluations?.allow };
}

const state = (reason: string, stage: string, message: unknown = expect.anything()) => ({ reason, stage, message });

describe('a version', () => {
  it('that the policy allows moves to the stage asked for, and kubectl wait returns', async () => {
    const name = await submit('accuracy');
    assertOk(await cluster.admin(['wait', '--for=condition=Approved', '--timeout=30s', `mv/${name}`]));
    expect(await stateOf(name)).toEqual(state('AutoApproved', 'Production', 'accurate enough'));
    const { stdout } = await cluster.admin(['get', 'mv', name]);
    expect(stdout).toMatch(/NAME +MODEL +VERSION +STAGE +REQUESTED +DECISION +AGE/);
    expect(stdout).toMatch(/1 +Production +Production +AutoApproved/);
  });

  it('that waits says for whom, and moves when that person approves', async () => {
    const name = await submit('accuracy', { metrics: { accuracy: 0.85 } });
    await until(
      () => stateOf(name),
      state('AwaitingApproval', 'None', 'waits for 1 approval by alice (not accurate enough)'),
    );
    assertOk(await cluster.approver(['annotate', 'mv', name, 'assent.dev/approve=checked the errors by hand']));
    await until(() => stateOf(name), state('ManuallyApproved', 'Production'));
    const { status } = await cluster.read(name);
    expect(status?.approvals).toMatchObject([{ user: 'alice', reason: 'checked the errors by hand', counted: true }]);
    expect(status?.history).toMatchObject([{ from: 'None', to: 'Production', reason: 'ManuallyApproved' }]);
  });

  it('that an approver rejects is archived', async () => {
    const name = await submit('accuracy', { metrics: { accuracy: 0.85 } });
    await until(() => stateOf(name), state('AwaitingApproval', 'None'));
    assertOk(await cluster.approver(['annotate', 'mv', name, 'assent.dev/reject=biased']));
    await until(() => stateOf(name), state('RejectedByApprover', 'Archived', 'alice: biased'));
  });

  it('cannot be approved by who does not hold the verb: the API server itself says Forbidden', async () => {
    const name = await submit('accuracy', { metrics: { accuracy: 0.85 } });
    const answer = await cluster.submitter(['annotate', 'mv', name, 'assent.dev/approve=let me']);
    expect(answer).toMatchObject({ ok: false, stderr: expect.stringContaining('Forbidden') });
  });

  it('is not approved by who holds the verb and is not named, and the Event says so', async () => {
    const eve = await cluster.as({ user: 'eve', groups: [] }, 'assent-approver');
    const name = await submit('accuracy', { metrics: { accuracy: 0.85 } });
    assertOk(await eve(['annotate', 'mv', name, 'assent.dev/approve=why not']));
    await until(
      async () => (await cluster.read(name)).status?.approvals,
      [expect.objectContaining({ user: 'eve', counted: false })],
    );
    expect(await stateOf(name)).toEqual(state('AwaitingApproval', 'None'));
    await until(
      async () => (await cluster.admin(['events', '--for', `modelversion/${name}`])).stdout,
      expect.stringContaining('eve is not among the approvers'),
    );
  });

  it('whose spec changes starts again: its approval is void', async () => {
    const name = await submit('accuracy', { metrics: { accuracy: 0.85 } });
    assertOk(await cluster.approver(['annotate', 'mv', name, 'assent.dev/approve=ok']));
    await until(() => stateOf(name), state('ManuallyApproved', 'Production'));
    assertOk(
      await cluster.submitter([
        'patch',
        'mv',
        name,
        '--type=merge',
        '--patch',
        '{"spec":{"metrics":{"accuracy":0.5}}}',
      ]),
    );
    await until(() => stateOf(name), state('AwaitingApproval', 'Production'));
    expect((await cluster.read(name)).status?.approvals).toMatchObject([
      { counted: false, message: expect.stringContaining('generation 1') },
    ]);
  });

  it('that nobody approves in time is rejected without anyone touching it', async () => {
    await cluster.applyPolicy('hurried', 'package approval\n\nrequire contains {"reason": "look"}\n', {
      ...judging('hurried'),
      approvers: ['alice'],
      pendingTimeout: '2s',
    });
    const name = await submit('hurried');
    await until(() => stateOf(name), state('Expired', 'Archived', 'nobody approved it within 2s'));
  });

  it('with archiveExistingVersions archives the one that the stage held', async () => {
    const first = await submit('accuracy', { model: 'exclusive' });
    await until(() => stateOf(first), state('AutoApproved', 'Production'));
    const second = await submit('accuracy', { model: 'exclusive', version: '2', archiveExistingVersions: true });
    await until(() => stateOf(second), state('AutoApproved', 'Production'));
    await until(async () => (await cluster.read(first)).status?.stage, 'Archived');
    expect((await cluster.read(first)).status?.history?.[0]).toMatchObject({
      reason: 'Superseded',
      from: 'Production',
    });
    expect((await stateOf(second)).stage).toBe('Production');
  });
});

describe('a policy with a syntax error', () => {
  it('is told its file, line and column, and approves nothing', async () => {
    await cluster.applyPolicy(
      'broken',
      'package approval\n\nallow contains "yes" if {\n\tinput.x >\n}\n\nallow contains "no" if )\n',
      judging('broken'),
    );
    const { errors } = await until(() => policyReady('broken'), expect.objectContaining({ ready: 'False' }));
    expect(errors?.[0]).toMatchObject({
      file: 'broken.rego',
      line: expect.any(Number),
      column: expect.any(Number),
      code: 'rego_parse_error',
    });
    const name = await submit('broken');
    await until(() => stateOf(name), state('PolicyError', 'None', expect.stringContaining('broken.rego:')));
  });

  it('leaves the last good one in force', async () => {
    const rule = (metric: string) =>
      `package approval\n\nallow contains "good" if input.modelVersion.spec.metrics.${metric} > 0.9\n`;
    await cluster.applyPolicy('kept', rule('accuracy'), judging('kept'));
    const { digest } = await until(() => policyReady('kept'), expect.objectContaining({ ready: 'True' }));
    await cluster.applyPolicy('kept', 'package approval\n\nallow contains }', judging('kept'));
    const status = await until(() => policyReady('kept'), expect.objectContaining({ ready: 'False' }));
    expect(status.digest).toBe(digest);
    const name = await submit('kept');
    await until(() => stateOf(name), state('AutoApproved', 'Production', 'good'));
  });
});

describe('a policy whose parameters do not fit its schema', () => {
  it('says which and where, errs for the versions that it judges alone, and is in force once they fit', async () => {
    const parametersSchema = {
      type: 'object',
      properties: { threshold: { type: 'number', maximum: 1 } },
      additionalProperties: false,
    };
    const apply = (parameters: unknown) =>
      cluster.applyPolicy('fitted', ACCURACY, {
        parameters,
        parametersSchema,
        approvers: ['alice'],
        ...judging('fitted'),
      });
    await apply({ threshold: 90, treshold: 0.9 });
    const { conditions } = await until(() => policyReady('fitted'), expect.objectContaining({ ready: 'False' }));
    expect(conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
      'Compiled True Compiled',
      'Ready False ParametersInvalid',
      'Stalled True ParametersInvalid',
    ]);
    const message =
      'spec.parameters.threshold: found 90: write at most 1; spec.parameters.treshold: there is no such field: did you mean threshold?';
    const name = await submit('fitted', { metrics: { accuracy: 0.85 } });
    await until(() => stateOf(name), state('PolicyError', 'None', expect.stringContaining(message)));
    const other = await submit('accuracy');
    await until(() => stateOf(other), state('AutoApproved', 'Production'));

    await apply({ threshold: 0.9 });
    await until(() => stateOf(name), state('AwaitingApproval', 'None'));
    expect(await policyReady('fitted')).toMatchObject({ ready: 'True' });
  });
});

describe('a policy that misbehaves', () => {
  const loop =
    'package approval\n\nr := numbers.range(1, 1000)\n\nallow contains "found" if {\n\tsome a in r\n\tsome b in r\n\tsome c in r\n\ta > b\n\tb > c\n\tc > a\n}\n';
  const hog = 'package approval\n\nallow contains "big" if count(numbers.range(1, 100000000)) > 7\n';
  const nonsense = 'package approval\n\nallow := 42\n';

  it.each([
    ['loops for ever', loop, 'took longer than'],
    ['eats memory', hog, 'memory'],
    ['returns nonsense', nonsense, '`allow` must be a set of messages'],
  ])('and %s makes its versions wait with a message, and nobody else', async (_, rego, message) => {
    const use = `odd-${randomBytes(3).toString('hex')}`;
    // On a busy machine a policy must not run out of time before it runs out of memory.
    const limits = rego === hog ? { limits: { timeout: '5s' } } : {};
    await cluster.applyPolicy(use, rego, { ...judging(use), ...limits });
    const odd = await submit(use);
    const others = await Promise.all(Array.from({ length: 5 }, () => submit('accuracy')));
    await until(() => stateOf(odd), state('PolicyError', 'None', expect.stringContaining(message)));
    for (const other of others) await until(() => stateOf(other), state('AutoApproved', 'Production'));
  });
});

describe('what is too large to be stored with a status', () => {
  it('is told in a status that is small: a spec', async () => {
    const parameters = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`p${at}`, 'x'.repeat(10_000)]));
    const name = await submit('accuracy', { parameters });
    await until(() => stateOf(name), state('InvalidSpec', 'None', expect.stringContaining('at most 512 KiB')));
  });

  it('is told in a status that is small: what policies say', async () => {
    const wordy = 'package approval\n\nallow contains $"{n} {data.pad}" if some n in numbers.range(1, 60)\n';
    const pad = 'x'.repeat(1_000);
    for (let at = 0; at < 5; at++)
      await cluster.applyPolicy(`wordy-${at}`, wordy, { ...judging('wordy'), data: { pad } });
    const name = await submit('wordy');
    await until(() => stateOf(name), state('PolicyError', 'None', expect.stringContaining('256 KiB')));
  });
});

describe('a policy that is stopped again and again', () => {
  const endless =
    'package approval\n\nr := numbers.range(1, 1000)\n\nallow contains "found" if {\n\tsome a in r\n\tsome b in r\n\tsome c in r\n\ta > b\n\tb > c\n\tc > a\n}\n';
  const cured = 'package approval\n\nallow contains "cured"\n';
  const limits = { timeout: '20ms' };

  it('is quarantined and says so, with counts and an Event, until it changes', async () => {
    await cluster.applyPolicy('endless', endless, { ...judging('endless'), limits });
    const waiting = await Promise.all(Array.from({ length: 3 }, () => submit('endless')));
    const { quarantined } = await until(
      () => policyHealth('endless'),
      expect.objectContaining({ ready: 'False', quarantined: expect.any(String) }),
    );
    expect(quarantined).toContain(`in a row on versions of namespace ${cluster.namespace}`);
    await until(() => policyHealth('endless'), expect.objectContaining({ killed: expect.any(Number), allow: 0 }));
    await until(async () => (await cluster.admin(['get', 'events'])).stdout, expect.stringContaining('Quarantined'));
    const [first = ''] = waiting;
    await until(() => stateOf(first), state('PolicyError', 'None', expect.stringContaining('took longer than 20 ms')));

    await cluster.applyPolicy('endless', cured, { ...judging('endless'), limits });
    for (const name of waiting) await until(() => stateOf(name), state('AutoApproved', 'Production', 'cured'));
    await until(() => policyHealth('endless'), { ready: 'True', quarantined: undefined, killed: 0, allow: 3 });
  });
});

describe('signed evidence', () => {
  const job = aSigner();
  const digest = sha256('weights');
  const rego = `package approval

allow contains $"{statement.key} measured {statement.predicate.accuracy}" if {
\tsome statement in input.verified.attestations
\tstatement.predicateType == "https://example.com/evaluation/v1"
\tstatement.predicate.accuracy > 0.9
}
`;
  const submitWith = (attestation: Record<string, unknown>) =>
    submit('evidence', {
      metrics: { accuracy: 0.1 },
      artifact: { uri: 's3://models/7', digest },
      evidence: [{ type: 'evaluation', attestation }],
    });
  const evidenceOf = async (name: string) => {
    const { status } = await cluster.read(name);
    return status?.conditions?.find(({ type }) => type === 'EvidenceVerified');
  };

  it('by a key that the policy names approves; anything else is told, and a person decides', async () => {
    const evidence = { keys: [{ name: 'the evaluation job', publicKey: job.publicKey }] };
    await cluster.applyPolicy('evidence', rego, { ...judging('evidence'), evidence, approvers: ['alice'] });
    const good = await submitWith({ inline: signStatement(job, { artifactDigest: digest }) });
    const forged = await submitWith({ inline: signStatement(aSigner(), { artifactDigest: digest }) });
    await until(() => stateOf(good), state('AutoApproved', 'Production', 'the evaluation job measured 0.97'));
    expect(await evidenceOf(good)).toMatchObject({ status: 'True', reason: 'SignaturesHold' });
    await until(() => stateOf(forged), state('AwaitingApproval', 'None'));
    expect(await evidenceOf(forged)).toMatchObject({
      status: 'False',
      reason: 'EvidenceRefused',
      message: expect.stringContaining('none of its signatures is by a key that a matching policy trusts'),
    });
  });

  it('in a ConfigMap is read where the operator may read it; until then it is missing, and told', async () => {
    const envelope = signStatement(job, { artifactDigest: digest });
    assertOk(await cluster.admin(['create', 'configmap', 'evaluation-7', `--from-literal=envelope=${envelope}`]));
    const name = await submitWith({ configMap: { name: 'evaluation-7', key: 'envelope' }, digest: sha256(envelope) });
    await until(() => stateOf(name), state('AwaitingApproval', 'None'));
    expect(await evidenceOf(name)).toMatchObject({
      reason: 'EvidenceUnavailable',
      message: expect.stringContaining('the operator may not read ConfigMap'),
    });
    const reads = ['--verb=get', '--resource=configmaps', '--resource-name=evaluation-7'];
    assertOk(await cluster.admin(['create', 'role', 'evidence-reader', ...reads]));
    const operatorAccount = operatorIdentity(DEFAULT_NAMESPACE).user;
    const binding = ['create', 'rolebinding', 'evidence-reader', '--role=evidence-reader', `--user=${operatorAccount}`];
    assertOk(await cluster.admin(binding));
    await until(() => stateOf(name), state('AutoApproved', 'Production', 'the evaluation job measured 0.97'));
  });

  it('at an address within the network is not fetched', async () => {
    const uri = 'https://127.0.0.1:6443/evidence';
    const name = await submitWith({ uri, digest: sha256('anything') });
    await until(() => stateOf(name), state('AwaitingApproval', 'None'));
    expect((await evidenceOf(name))?.message).toContain('127.0.0.1');
  });
});

describe('what waits is judged again, and what is decided stays', () => {
  it('when the policy changes', async () => {
    const policy = (threshold: number) =>
      cluster.applyPolicy('moving', ACCURACY, {
        ...judging('moving'),
        parameters: { threshold },
        approvers: ['alice'],
      });
    await policy(0.9);
    const decided = await submit('moving', { metrics: { accuracy: 0.95 } });
    const waiting = await submit('moving', { metrics: { accuracy: 0.8 } });
    await until(() => stateOf(decided), state('AutoApproved', 'Production'));
    await until(() => stateOf(waiting), state('AwaitingApproval', 'None'));
    const before = await cluster.read(decided);
    await policy(0.7);
    await until(() => stateOf(waiting), state('AutoApproved', 'Production'));
    await policy(0.99);
    const later = await submit('moving', { metrics: { accuracy: 0.95 } });
    await until(() => stateOf(later), state('AwaitingApproval', 'None'));
    // The one that stands is told of it, and nothing else of it changes.
    await until(
      async () => findCompliance((await cluster.read(decided)).status),
      expect.objectContaining({ status: 'False', reason: 'ApprovalMissing' }),
    );
    const { conditions: _, ...after } = (await cluster.read(decided)).status ?? {};
    expect(before.status).toMatchObject(after);
  });

  it('when the champion changes', async () => {
    await cluster.applyPolicy(
      'contest',
      'package approval\n\nallow contains "better" if input.modelVersion.spec.metrics.accuracy > input.champion.spec.metrics.accuracy\n',
      judging('contest'),
    );
    const challenger = await submit('contest', { model: 'contest', version: '2' });
    await until(() => stateOf(challenger), state('AwaitingApproval', 'None'));
    await submit('accuracy', { model: 'contest', metrics: { accuracy: 0.91 } });
    await until(() => stateOf(challenger), state('AutoApproved', 'Production', 'better'));
  });

  it("when the namespace's labels change", async () => {
    await cluster.applyPolicy(
      'tiered',
      'package approval\n\nallow contains "a sandbox" if input.namespace.labels.tier == "sandbox"\n',
      judging('tiered'),
    );
    const name = await submit('tiered');
    await until(() => stateOf(name), state('AwaitingApproval', 'None'));
    assertOk(await cluster.admin(['label', 'namespace', cluster.namespace, 'tier=sandbox']));
    await until(() => stateOf(name), state('AutoApproved', 'Production', 'a sandbox'));
  });
});

it('the submitter whom the API server vouches for is in the input', async () => {
  await cluster.applyPolicy(
    'robots',
    'package approval\n\nallow contains "by the pipeline" if input.submitter.user == "sam"\n',
    judging('robots'),
  );
  const name = await submit('robots');
  await until(() => stateOf(name), state('AutoApproved', 'Production', 'by the pipeline'));
});

it('every decision that was recorded replays to the same bytes, and is signed when it is final', async () => {
  const { decisions } = await expectReplays(operator.log);
  expect(decisions).toBeGreaterThan(20);
  // A version that another one supersedes moves by a decision that was signed before.
  const final = recordsOf(operator.log).filter(
    (record) =>
      record.kind === 'Decision' &&
      ['Approved', 'Rejected'].includes(record.decision.outcome) &&
      record.decision.id !== record.snapshot.modelVersion.status?.decision?.id,
  );
  expect(final.length).toBeGreaterThan(10);
  for (const record of final) expect(record).toHaveProperty('attestation.payloadType', 'application/vnd.in-toto+json');
});
