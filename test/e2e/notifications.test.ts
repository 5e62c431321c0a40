// The operator tells receivers on real sockets what becomes of versions.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION, type Notification } from '../../src/api/index.ts';
import { findCompliance } from '../../src/decision/index.ts';
import { kubeconfigFor, repositoryRoot } from '../../src/dev/index.ts';
import { type AdmissionCluster, assertOk, aVersion, installAdmission } from './admission-cluster.ts';
import { type NewsReceiver, startNewsReceiver } from './news-receiver.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

const POLICY = `package approval

allow contains "accurate enough" if input.modelVersion.spec.metrics.accuracy > 0.9

require contains {"reason": "not <accurate> & enough"} if not input.modelVersion.spec.metrics.accuracy > 0.9
`;
const TOKEN = 'a-token-for-the-receiver';

let cluster: AdmissionCluster;
let events: NewsReceiver;
let slack: NewsReceiver;
let dead: NewsReceiver;
let operator: OperatorProcess;
let restart: () => Promise<OperatorProcess>;

beforeAll(async () => {
  cluster = await installAdmission();
  [events, slack, dead] = await Promise.all([startNewsReceiver(), startNewsReceiver(), startNewsReceiver()]);
  const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  const spec = { modules: { 'accuracy.rego': POLICY }, approvers: ['alice'] };
  await apply({ apiVersion: API_VERSION, kind: 'ApprovalPolicy', metadata: { name: 'accuracy' }, spec });
  const secret = (name: string, stringData: Record<string, string>) =>
    apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData });
  await secret('events', { host: events.host, token: TOKEN });
  await secret('slack', { url: `http://${slack.host}/services/T0/B0/secret-path` });
  const rules = ['--verb', 'get', '--resource', 'secrets', '--resource-name', 'events', '--resource-name', 'slack'];
  assertOk(await cluster.admin(['create', 'role', 'notification-secrets', ...rules]));
  const { user } = operatorIdentity(DEFAULT_NAMESPACE);
  assertOk(await cluster.admin(['create', 'rolebinding', 'n', '--role', 'notification-secrets', '--user', user]));
  const hosts = [events, slack, dead].flatMap(({ host }) => ['--notification-host', `http://${host}`]);
  restart = () => startOperatorProcess(kubeconfig, { args: ['--namespaces', cluster.namespace, ...hosts] });
  operator = await restart();
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await Promise.all([events, slack, dead].map((receiver) => receiver?.[Symbol.asyncDispose]()));
});

async function apply(object: Record<string, unknown>): Promise<void> {
  assertOk(await cluster.admin(['apply', '--filename', '-'], object));
}

/** A Notification for the versions of models that begin with its name. */
async function notify(name: string, spec: Record<string, unknown>): Promise<void> {
  await apply({
    apiVersion: API_VERSION,
    kind: 'Notification',
    metadata: { name },
    spec: { match: { models: [`${name}-*`] }, ...spec },
  });
  await until(() => statusOf(name), expect.objectContaining({ observedGeneration: 1 }));
}

async function statusOf(name: string) {
  const status = (await cluster.find<Notification>('notifications', name))?.status ?? {};
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return { ...status, ready: ready?.status, message: ready?.message };
}

async function submit(prefix: string, accuracy: number): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  const version = aVersion({ name }, { model: name, metrics: { accuracy } });
  assertOk(await cluster.submitter(['create', '--filename', '-'], version));
  return name;
}

const decide = async (name: string, verdict: string) =>
  assertOk(await cluster.approver(['annotate', 'mv', name, `assent.dev/${verdict}=looked at it`]));

const told = (receiver: NewsReceiver, name: string) =>
  receiver.taken
    .filter(({ text }) => text.includes(name))
    .map(({ headers, text }) => ({ headers, event: JSON.parse(text) }));

const types = async (name: string) => told(events, name).map(({ event }) => event.type.split('.').at(-1));

const cloudEvents = () => ({ url: `http://${events.host}/events`, auth: { secretRef: { name: 'events' } } });

describe('a CloudEvents receiver', () => {
  it('is told of waiting, with the command that decides, and of the approval', async () => {
    await notify('ce', { cloudEvents: cloudEvents(), link: 'https://ui.example/{{namespace}}/{{name}}?m={{model}}' });
    const name = await submit('ce', 0.85);
    await until(() => types(name), ['waiting']);
    await decide(name, 'approve');
    await until(() => types(name), ['waiting', 'approved']);
    const [waiting, approved] = told(events, name);
    expect(waiting?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      authorization: `Bearer ${TOKEN}`,
    });
    expect(waiting?.event).toMatchObject({
      specversion: '1.0',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      source: `/apis/${API_VERSION}/namespaces/${cluster.namespace}/modelversions/${name}`,
      type: 'dev.assent.modelversion.waiting',
      subject: name,
      time: expect.stringMatching(/Z$/),
      data: {
        model: name,
        version: '1',
        stage: 'Production',
        currentStage: 'None',
        approvers: 'alice',
        link: `https://ui.example/${cluster.namespace}/${name}?m=${name}`,
        commands: { approve: `kubectl assent approve ${name} --namespace ${cluster.namespace} --reason "…"` },
      },
    });
    expect(approved?.event.data).toMatchObject({ currentStage: 'Production', approvedBy: 'alice' });
    expect(approved?.event.id).not.toBe(waiting?.event.id);
  });

  it('is told of rejections and revocations', async () => {
    const rejected = await submit('ce', 0.85);
    await until(() => types(rejected), ['waiting']);
    await decide(rejected, 'reject');
    await until(() => types(rejected), ['waiting', 'rejected']);
    const revoked = await submit('ce', 0.95);
    await until(() => types(revoked), ['approved']);
    await decide(revoked, 'revoke');
    await until(() => types(revoked), ['approved', 'revoked']);
  });

  it('is told of what stands and would not be approved today, once each time, where it asks for that', async () => {
    await notify('nc', { cloudEvents: cloudEvents(), events: ['Approved', 'NotCompliant'] });
    await notify('nc-usual', { cloudEvents: { url: `http://${slack.host}/` }, match: { models: ['nc-*'] } });
    const name = await submit('nc', 0.95);
    await until(() => types(name), ['approved']);
    const cards = (modules: string) =>
      apply({
        apiVersion: API_VERSION,
        kind: 'ApprovalPolicy',
        metadata: { name: 'cards' },
        spec: { match: { models: ['nc-*'] }, modules: { 'cards.rego': `package approval\n\n${modules}\n` } },
      });
    await cards('deny contains "no model card"');
    await until(() => types(name), ['approved', 'notcompliant']);
    const message =
      'the policies of today deny it (no model card); the decision stands until the spec changes or it is revoked';
    expect(told(events, name)[1]?.event.data).toMatchObject({
      ...{ event: 'NotCompliant', reason: 'PolicyDenies', message, currentStage: 'Production' },
      text: `${name} 1 (${cluster.namespace}/${name}) is approved for Production and would not be today: ${message}`,
    });
    await cards('deny contains "no card"');
    await until(
      async () => findCompliance((await cluster.read(name)).status)?.message,
      expect.stringContaining('no card'),
    );
    await cards('allow contains "a card"');
    await until(async () => findCompliance((await cluster.read(name)).status)?.status, 'True');
    await cards('deny contains "no model card"');
    await until(() => types(name), ['approved', 'notcompliant', 'notcompliant']);
    const ids = told(events, name).map(({ event }) => event.id);
    expect(new Set(ids).size).toBe(3);
    expect(told(slack, name).map(({ event }) => event.type)).toEqual(['dev.assent.modelversion.approved']);
  });

  it('is told once, whatever else happens to the version, and nothing again after a restart', async () => {
    const name = await submit('ce', 0.85);
    await until(() => types(name), ['waiting']);
    assertOk(await cluster.submitter(['label', 'mv', name, 'team=a']));
    const { delivered = 0 } = await statusOf('ce');
    await operator[Symbol.asyncDispose]();
    const before = events.requests.length;
    operator = await restart();
    const next = await submit('ce', 0.95);
    await until(() => types(next), ['approved']);
    expect(events.requests.length).toBe(before + 1);
    await until(async () => Number((await statusOf('ce')).delivered) > delivered, true);
  });

  it('that was away gets what stands when it is back, and the status says so meanwhile', async () => {
    events.behave(503);
    const name = await submit('ce', 0.85);
    await until(
      () => statusOf('ce'),
      expect.objectContaining({ ready: 'False', message: `${events.host} answers HTTP 503`, waiting: 1 }),
    );
    events.behave(200);
    await until(() => types(name), ['waiting']);
    await until(() => statusOf('ce'), expect.objectContaining({ ready: 'True', waiting: 0 }));
  });

  it('that was away while the operator crashed is told by the next one, under the same id', async () => {
    events.behave(503);
    const name = await submit('ce', 0.85);
    const tried = () =>
      events.requests.filter(({ text }) => text.includes(name)).map(({ text }) => JSON.parse(text).id);
    await until(async () => tried().length > 0, true);
    await operator.kill();
    events.behave(200);
    operator = await restart();
    await until(() => types(name), ['waiting']);
    expect(new Set(tried()).size).toBe(1);
  });

  it('that refuses one is not asked for it again', async () => {
    events.behave(422);
    const { failed = 0 } = await statusOf('ce');
    const name = await submit('ce', 0.95);
    await until(async () => (await statusOf('ce')).failed, failed + 1);
    events.behave(200);
    const next = await submit('ce', 0.95);
    await until(() => types(next), ['approved']);
    expect(events.requests.filter(({ text }) => text.includes(name))).toHaveLength(1);
  });
});

describe('a Slack webhook', () => {
  it('gets a text in which no value calls anybody, and its address stays secret', async () => {
    await notify('sl', {
      slack: { secretRef: { name: 'slack', key: 'url' } },
      events: ['Waiting'],
      template: '*{{event}}* {{name}}: {{message}} <https://ui.example|look> {{approve}}',
    });
    const name = await submit('sl', 0.85);
    await until(async () => told(slack, name).length, 1);
    expect(told(slack, name)[0]?.event).toEqual({
      text: `*Waiting* ${name}: waits for 1 approval by alice (not &lt;accurate&gt; &amp; enough) <https://ui.example|look> kubectl assent approve ${name} --namespace ${cluster.namespace} --reason "…"`,
    });
    slack.behave(500);
    await submit('sl', 0.85);
    await until(() => statusOf('sl'), expect.objectContaining({ ready: 'False' }));
    expect(JSON.stringify([await statusOf('sl'), operator.log])).not.toContain('secret-path');
    slack.behave(200);
  });
});

describe('a receiver that never answers', () => {
  it('slows no decision down, and no other receiver', async () => {
    dead.behave('silent');
    await notify('dead', { cloudEvents: { url: `http://${dead.host}/` } });
    await notify('dead-b', { cloudEvents: cloudEvents(), match: { models: ['dead-*'] } });
    const names = await Promise.all(Array.from({ length: 10 }, () => submit('dead', 0.95)));
    for (const name of names) await until(() => types(name), ['approved']);
    expect(dead.taken).toEqual([]);
    // One after the other: a second comes when the first was waited for in vain.
    expect(dead.requests.length).toBeLessThan(names.length);
  });
});

describe('an address', () => {
  it.each([
    ['private', 'https://10.0.0.1/', 'a private address: an administrator allows it by --notification-host'],
    ['metadata', 'http://169.254.169.254/', 'is not https'],
    ['plain', 'http://example.com/', 'is not https'],
  ])('that nobody allowed is not asked: %s', async (kind, url, message) => {
    const prefix = `refused-${kind}`;
    await notify(prefix, { cloudEvents: { url } });
    await submit(prefix, 0.95);
    await until(
      () => statusOf(prefix),
      expect.objectContaining({ ready: 'False', message: expect.stringContaining(message) }),
    );
  });

  it('gets no token that was not made for it', async () => {
    const url = `http://${slack.host}/`;
    await notify('thief', { cloudEvents: { url, auth: { secretRef: { name: 'events' } } } });
    await submit('thief', 0.95);
    const message = expect.stringContaining(`its entry host must be ${slack.host}`);
    await until(() => statusOf('thief'), expect.objectContaining({ ready: 'False', message }));
    expect(slack.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });
});

describe('the API server refuses', () => {
  const base = { slack: { secretRef: { name: 'slack', key: 'url' } } };
  it.each([
    ['a placeholder that there is not', { ...base, template: '{{modle}}' }, '{{…}} names one of model'],
    ['a link made of a message', { ...base, link: 'https://x/{{message}}' }, '{{…}} names one of model'],
    ['two receivers', { ...base, cloudEvents: { url: 'https://x/' } }, 'one of cloudEvents and slack'],
    ['none', {}, 'one of cloudEvents and slack'],
    ['an event that there is not', { ...base, events: ['Pending'] }, 'Unsupported value: "Pending"'],
  ])('%s', async (_what, spec, message) => {
    const object = { apiVersion: API_VERSION, kind: 'Notification', metadata: { name: 'x' }, spec };
    const { ok, stderr } = await cluster.admin(['create', '--filename', '-'], object);
    expect({ ok, stderr }).toEqual({ ok: false, stderr: expect.stringContaining(message) });
  });
});

it('takes the examples', async () => {
  const folder = join(repositoryRoot, 'examples', 'notifications');
  assertOk(await cluster.admin(['apply', '--dry-run=server', '--filename', folder]));
});

it('tells nothing of what was decided before it was made', async () => {
  const old = await submit('late', 0.95);
  const decidedAt = async () => Date.parse((await cluster.read(old)).status?.decision?.decidedAt ?? '');
  await until(async () => (await cluster.read(old)).status?.stage, 'Production');
  // Kubernetes tells when an object was made by the second.
  const second = Math.floor((await decidedAt()) / 1_000);
  await until(async () => Math.floor(Date.now() / 1_000) > second, true);
  await notify('late', { cloudEvents: cloudEvents() });
  const name = await submit('late', 0.95);
  await until(() => types(name), ['approved']);
  expect(await types(old)).toEqual([]);
});
