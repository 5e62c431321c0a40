import { createPrivateKey, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION, type ApprovalPolicy } from '../../src/api/index.ts';
import { kubeconfigFor, repositoryRoot } from '../../src/dev/index.ts';
import {
  type BundleFiles,
  openRepository,
  parseOciReference,
  pushBundle,
  readDockerConfig,
  signBundle,
  trustEveryAddress,
  writeArchive,
} from '../../src/distribution/index.ts';
import { type OciRegistry, startOciRegistry } from '../bundles/oci-registry.ts';
import { type CliRun, runCli } from '../cli/run-cli.ts';
import { type AdmissionCluster, assertOk, aVersion, installAdmission } from './admission-cluster.ts';
import { type BundleServer, startBundleServer } from './bundle-server.ts';
import { expectReplays } from './expect-replays.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let folder: string;
let cluster: AdmissionCluster;
let registry: OciRegistry;
let server: BundleServer;
let operator: OperatorProcess;
let publicKey: string;
const logs: (readonly unknown[])[] = [];

const file = (name: string): string => join(folder, name);

async function assent(...args: readonly string[]): Promise<CliRun> {
  const run = await runCli(['policy', 'bundle', ...args], {
    cacheFolder: file('cli-cache'),
    env: { DOCKER_CONFIG: registry.dockerConfigFolder },
  });
  expect(run).toMatchObject({ status: 0 });
  return run;
}

/** A folder with a policy that allows versions above a threshold of its own data, and says `word`. */
async function writeSources(word: string): Promise<string> {
  const sources = file(`sources-${word}`);
  await mkdir(sources, { recursive: true });
  const rule = `allow contains $"${word}" if input.modelVersion.spec.metrics.accuracy > data.parameters.threshold`;
  await writeFile(join(sources, 'policy.rego'), `package approval\n\n${rule}\n`);
  await writeFile(join(sources, 'data.json'), '{"parameters": {"threshold": 0.9}}');
  return sources;
}

/** As people do it: each command is a process. */
async function build(word: string): Promise<string> {
  const output = file(`${word}.tar.gz`);
  const options = ['--revision', word, '--key', file('key.pem'), '--output', output];
  await assent('build', await writeSources(word), ...options);
  return output;
}

async function push(bundle: string, tag: string): Promise<string> {
  const { stdout } = await assent('push', bundle, `oci://${registry.host}/${tag}`, '--ca', registry.authorityFile);
  return stdout.trim().split('@')[1] ?? '';
}

/** The same without the processes, which take their time. */
async function buildFiles(word: string): Promise<BundleFiles> {
  const sources = await writeSources(word);
  const names = ['policy.rego', 'data.json'];
  const entries = await Promise.all(names.map(async (name) => [name, await readFile(join(sources, name))] as const));
  const manifest = ['.manifest', Buffer.from(JSON.stringify({ revision: word, roots: [''] }))] as const;
  return signBundle(new Map([...entries, manifest]), { key: createPrivateKey(await readFile(file('key.pem'))) });
}

async function pushFiles(files: BundleFiles, tag: string): Promise<void> {
  const reference = parseOciReference(`${registry.host}/${tag}`);
  const credentials = readDockerConfig(registry.dockerConfig, registry.host) ?? undefined;
  const transport = { guard: trustEveryAddress(false), caBundle: registry.authority, credentials };
  await pushBundle(openRepository(reference, transport), reference.tag ?? '', await writeArchive(files));
}

async function startOperator(): Promise<void> {
  const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  const hosts = ['--bundle-host', registry.host, `http://${server.host}`];
  operator = await startOperatorProcess(kubeconfig, {
    args: ['--namespaces', cluster.namespace, ...hosts],
    cacheFolder: file('operator-cache'),
  });
  logs.push(operator.log);
}

async function apply(object: Record<string, unknown>) {
  return cluster.admin(['apply', '--filename', '-'], object);
}

const aPolicy = (name: string, bundle: Record<string, unknown>, spec: Record<string, unknown> = {}) => ({
  apiVersion: API_VERSION,
  kind: 'ApprovalPolicy',
  metadata: { name },
  spec: { bundle, match: { selector: { matchLabels: { use: name } } }, ...spec },
});

/** As an administrator would: one object, by name. */
async function grant(resource: string, name: string): Promise<void> {
  const role = `${resource}-${name}`;
  assertOk(
    await cluster.admin(['create', 'role', role, '--verb=get', `--resource=${resource}`, `--resource-name=${name}`]),
  );
  const account = `--serviceaccount=${DEFAULT_NAMESPACE}:assent-operator`;
  const user = `--user=${operatorIdentity(DEFAULT_NAMESPACE).user}`;
  assertOk(await cluster.admin(['create', 'rolebinding', role, `--role=${role}`, account, user]));
}

async function stateOf(name: string) {
  const { status } = (await cluster.find<ApprovalPolicy>('approvalpolicies', name)) ?? {};
  const [ready, verified] = ['Ready', 'Verified'].map((type) =>
    status?.conditions?.find((condition) => condition.type === type),
  );
  return {
    ...{ ready: ready?.status, reason: ready?.reason, message: ready?.message, verified: verified?.status },
    ...{ digest: status?.digest, bundle: status?.bundle },
  };
}

const state = (expected: Record<string, unknown>) => expect.objectContaining(expected);

/** Submits a version that only this policy judges, and waits for what becomes of it. */
async function expectDecision(use: string, message: string, accuracy = 0.95): Promise<void> {
  const name = `mv-${randomBytes(4).toString('hex')}`;
  const version = aVersion({ name, labels: { use } }, { model: name, metrics: { accuracy } });
  assertOk(await cluster.submitter(['create', '--filename', '-'], version));
  await until(async () => {
    const { status } = await cluster.read(name);
    return status?.conditions?.find(({ type }) => type === 'Approved')?.message;
  }, message);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-bundles-'));
  [cluster, registry, server] = await Promise.all([
    installAdmission(),
    startOciRegistry(file('registry')),
    startBundleServer(),
  ]);
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  await writeFile(file('key.pem'), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(file('key.pub'), publicKey);
  const secret = Buffer.from(registry.dockerConfig).toString('base64');
  assertOk(
    await apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'registry' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': secret },
    }),
  );
  await grant('secrets', 'registry');
  await startOperator();
}, 600_000);

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const fromRegistry = (reference: string, more: Record<string, unknown> = {}) => ({
  oci: `${registry.host}/${reference}`,
  auth: { secretRef: { name: 'registry' } },
  caBundle: registry.authority,
  interval: '1s',
  ...more,
});
const signed = () => ({ verify: { bundle: { keys: [{ publicKey }] } } });

describe('a bundle from a registry with TLS and a password', () => {
  it('is rolled out in shadow, its impact is read, and then it is enforced', async () => {
    const everyone = { 'p.rego': 'package approval\n\nallow contains "anybody" if true\n' };
    const today = {
      ...aPolicy('today', {}),
      spec: { modules: everyone, match: { selector: { matchLabels: { use: 'rollout' } } } },
    };
    assertOk(await apply(today));
    const digest = await push(await build('strict'), 'acme/strict:1');
    const inMode = (mode: string) =>
      aPolicy('strict', fromRegistry('acme/strict:1', { digest, ...signed() }), {
        match: { selector: { matchLabels: { use: 'rollout' } } },
        mode,
      });
    assertOk(await apply(inMode('Shadow')));
    await until(() => stateOf('strict'), state({ ready: 'True', verified: 'True' }));

    await expectDecision('rollout', 'anybody', 0.5);
    const impact = await runCli(
      ['policy', 'impact', '--to', 'cluster', '--enforced', '-l', 'use=rollout', '-n', cluster.namespace],
      {
        cacheFolder: file('cli-cache'),
        env: { DOCKER_CONFIG: registry.dockerConfigFolder, KUBECONFIG: sharedCluster().kubeconfig },
      },
    );
    expect(impact).toMatchObject({ status: 0, stderr: '' });
    expect(impact.stdout).toContain('1 versions: 1 would flip\n  1 Approved -> Pending\n');
    expect(impact.stdout).toContain('ApprovalPolicy/strict: no rule allows it');

    assertOk(await apply(inMode('Enforce')));
    await until(() => stateOf('strict'), state({ ready: 'True' }));
    const waits = 'waits for 1 approval by anyone who may `approve` modelversions (no rule allows it)';
    await expectDecision('rollout', waits, 0.5);
    await expectDecision('rollout', 'anybody; strict', 0.95);
  });

  it('that was pushed, signed twice and is named by digest, decides', async () => {
    const digest = await push(await build('first'), 'acme/first:1');
    const place = `oci://${registry.host}/acme/first:1`;
    await assent('sign', place, '--key', file('key.pem'), '--ca', registry.authorityFile);
    const keys = ['--public-key', file('key.pub'), '--cosign-key', file('key.pub'), '--digest', digest];
    const verified = await assent('verify', place, ...keys, '--ca', registry.authorityFile);
    expect(verified.stdout).toBe(`${place}: verified, revision first\n`);

    const verify = { bundle: { keys: [{ publicKey }] }, cosign: { keys: [{ publicKey }] } };
    assertOk(await apply(aPolicy('first', fromRegistry('acme/first:1', { digest, verify }))));
    const { bundle } = await until(() => stateOf('first'), state({ ready: 'True', verified: 'True' }));
    expect(bundle).toEqual({ digest, revision: 'first', fetchedAt: expect.any(String) });
    await expectDecision('first', 'first');
    await expectDecision(
      'first',
      'waits for 1 approval by anyone who may `approve` modelversions (no rule allows it)',
      0.5,
    );
  });

  it('without a cosign signature, or by another key, decides nothing', async () => {
    await pushFiles(await buildFiles('unsigned'), 'acme/unsigned:1');
    const verify = { cosign: { keys: [{ publicKey }] } };
    assertOk(await apply(aPolicy('unsigned', fromRegistry('acme/unsigned:1', { verify }))));
    const { message = '' } = await until(
      () => stateOf('unsigned'),
      state({ ready: 'False', reason: 'VerificationFailed', verified: 'False', digest: undefined }),
    );
    expect(message).toContain('nobody signed sha256:');
    await expectDecision('unsigned', message);
  });

  it('that is exchanged under its tag is refused, and the last good one stays in force', async () => {
    const good = await buildFiles('good');
    await pushFiles(good, 'acme/moving:1');
    assertOk(await apply(aPolicy('moving', fromRegistry('acme/moving:1', signed()))));
    const before = await until(() => stateOf('moving'), state({ ready: 'True', verified: 'True' }));
    const rego = Buffer.from('package approval\n\nallow contains "anything"\n');
    await pushFiles(new Map([...good, ['policy.rego', rego]]), 'acme/moving:1');
    const { message, digest, bundle } = await until(
      () => stateOf('moving'),
      state({ ready: 'False', reason: 'VerificationFailed', verified: 'False' }),
    );
    expect(message).toContain('policy.rego is not what was signed; the last good policy');
    expect({ digest, bundle }).toEqual({ digest: before.digest, bundle: before.bundle });
    await expectDecision('moving', 'good');

    await pushFiles(await buildFiles('better'), 'acme/moving:1');
    await until(() => stateOf('moving'), state({ ready: 'True', bundle: state({ revision: 'better' }) }));
    await expectDecision('moving', 'better');
  });

  it('is not asked for with a Secret that nobody granted, or that is for another host', async () => {
    const ungranted = { auth: { secretRef: { name: 'ungranted' } } };
    assertOk(await apply(aPolicy('ungranted', fromRegistry('acme/first:1', { ...signed(), ...ungranted }))));
    const { message } = await until(() => stateOf('ungranted'), state({ ready: 'False', reason: 'FetchFailed' }));
    expect(message).toContain(`the operator may not read Secret ${cluster.namespace}/ungranted`);
    const elsewhere = { http: `http://${server.host}/`, auth: { secretRef: { name: 'registry' } }, ...signed() };
    assertOk(await apply(aPolicy('elsewhere', elsewhere)));
    const refused = await until(() => stateOf('elsewhere'), state({ ready: 'False', reason: 'FetchFailed' }));
    expect(refused.message).toContain(`Secret registry has no credentials for ${server.host}`);
    expect(server.credentials).toEqual([]);
  });
});

describe('a bundle from a server', () => {
  it('that holds policy.wasm is asked for with its ETag, and taken when it changes', async () => {
    // As OPA itself built and signed it.
    const bundles = join(repositoryRoot, 'test', 'bundles');
    server.serve(await readFile(join(bundles, 'opa-es256-wasm.tar.gz')));
    const keys = [{ publicKey }, { publicKey: await readFile(join(bundles, 'es256.pub'), 'utf8') }];
    const verify = { bundle: { keys } };
    assertOk(await apply(aPolicy('compiled', { http: `http://${server.host}/b.tar.gz`, interval: '1s', verify })));
    const { digest } = await until(() => stateOf('compiled'), state({ ready: 'True', verified: 'True' }));
    await expectDecision('compiled', 'built by opa, above 0.9');
    await until(async () => server.answers.at(-1), 304);
    expect(await stateOf('compiled')).toMatchObject({ digest, ready: 'True' });
    server.serve(await writeArchive(await buildFiles('recompiled')));
    await until(() => stateOf('compiled'), state({ ready: 'True', bundle: state({ revision: 'recompiled' }) }));
    await expectDecision('compiled', 'recompiled');
  });

  it('is asked for with a token that may be sent there, and verified by a shared secret', async () => {
    const hmac = randomBytes(24).toString('base64');
    const entries = { host: server.host, token: 'bundle-token', hmac };
    const literals = Object.entries(entries).map(([key, value]) => `--from-literal=${key}=${value}`);
    assertOk(await cluster.admin(['create', 'secret', 'generic', 'bundles', ...literals]));
    await grant('secrets', 'bundles');
    const signature = { key: createSecretKey(Buffer.from(hmac)), scope: 'production' };
    server.serve(await writeArchive(await signBundle(await buildFiles('secret'), signature)));
    const keys = [{ secretRef: { name: 'bundles', key: 'hmac' } }];
    const verify = { bundle: { keys, scope: 'production' } };
    const auth = { secretRef: { name: 'bundles' } };
    assertOk(await apply(aPolicy('secret', { http: `http://${server.host}/s.tar.gz`, verify, auth })));
    await until(() => stateOf('secret'), state({ ready: 'True', verified: 'True' }));
    expect(server.credentials).toContain('Bearer bundle-token');
  });

  it.each([
    ['https://169.254.169.254/latest', 'an address that only its own machine may ask'],
    ['https://127.0.0.1/b.tar.gz', 'a private address: an administrator allows it by --bundle-host'],
    ['https://localhost:6443/b.tar.gz', 'a private address: an administrator allows it by --bundle-host'],
    ['http://example.com/b.tar.gz', 'is not https'],
    ['elsewhere', 'redirects to https://169.254.169.254'],
  ])('at %s is not asked for', async (address, why) => {
    const http = address === 'elsewhere' ? `http://${server.host}/elsewhere` : address;
    const name = `refused-${randomBytes(4).toString('hex')}`;
    assertOk(await apply(aPolicy(name, { http, ...signed() })));
    const { message } = await until(() => stateOf(name), state({ ready: 'False', reason: 'FetchFailed' }));
    expect(message).toContain(why);
  });
});

it('a bundle from a ConfigMap decides, once the operator may read it', async () => {
  const bundle = { configMap: { name: 'rules' }, interval: '1s' };
  assertOk(await apply(aPolicy('rules', bundle, { parameters: { threshold: 0.7 } })));
  await until(() => stateOf('rules'), state({ ready: 'False', reason: 'FetchFailed' }));
  const from = ['policy.rego', 'data.json'].map((name) => `--from-file=${file(`sources-first/${name}`)}`);
  assertOk(await cluster.admin(['create', 'configmap', 'rules', ...from]));
  await grant('configmaps', 'rules');
  await until(() => stateOf('rules'), state({ ready: 'True', verified: 'Unknown' }));
  // What the policy says comes on top of what the bundle says.
  await expectDecision('rules', 'first', 0.8);
});

it('the impact of a policy is measured by the rules in its ConfigMap, with the rights of who asks', async () => {
  for (const [name, threshold] of [
    ['today', 0.7],
    ['next', 0.9],
  ] as const) {
    const policy = aPolicy('rules', { configMap: { name: 'rules' } }, { parameters: { threshold } });
    const metadata = { name: 'rules', namespace: cluster.namespace };
    await writeFile(file(`${name}.json`), JSON.stringify({ ...policy, metadata }));
  }
  const args = ['--from', file('today.json'), '--to', file('next.json'), '-l', 'use=rules', '-n', cluster.namespace];
  const ask = (kubeconfig: string) =>
    runCli(['policy', 'impact', ...args], { cacheFolder: file('cli-cache'), env: { KUBECONFIG: kubeconfig } });
  const impact = await ask(sharedCluster().kubeconfig);
  expect(impact).toMatchObject({ status: 0, stderr: '' });
  expect(impact.stdout).toContain('1 versions: 1 would flip\n  1 Approved -> Pending\n');
  const stranger = await kubeconfigFor(sharedCluster(), { user: 'stranger', groups: [] });
  expect(await ask(stranger)).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining(
      `ApprovalPolicy rules: you may not read ConfigMap ${cluster.namespace}/rules: an administrator grants that`,
    ),
  });
});

it('a policy of the cluster names the namespace of its ConfigMap', async () => {
  const bundle = { configMap: { name: 'rules', namespace: cluster.namespace } };
  const name = `bundled-${randomBytes(4).toString('hex')}`;
  assertOk(await apply({ ...aPolicy(name, bundle), kind: 'ClusterApprovalPolicy' }));
  try {
    await until(
      async () => {
        const { stdout } = await cluster.admin(['get', 'clusterapprovalpolicy', name, '--output', 'json']);
        return JSON.parse(stdout).status?.bundle?.digest;
      },
      expect.stringMatching(/^sha256:/),
    );
  } finally {
    assertOk(await cluster.admin(['delete', 'clusterapprovalpolicy', name]));
  }
});

it('the example is ready as soon as it is applied', async () => {
  const example = join(repositoryRoot, 'examples', 'policies', 'bundle.yaml');
  assertOk(await cluster.admin(['apply', '--filename', example]));
  await until(() => stateOf('bundled'), state({ ready: 'True', bundle: state({ revision: '2026-11' }) }));
});

it('while the registry is down the last good one stays in force, also across a restart of the operator', async () => {
  await until(() => stateOf('moving'), state({ ready: 'True' }));
  await registry.stop();
  const { message } = await until(() => stateOf('moving'), state({ ready: 'False', reason: 'FetchFailed' }));
  expect(message).toMatch(/cannot be reached: .*; the last good policy, sha256:.*, stays in force/);
  await expectDecision('moving', 'better');
  await operator.kill();
  await startOperator();
  await expectDecision('moving', 'better');
  await expectDecision('first', 'first');
  await registry.start();
  await until(() => stateOf('moving'), state({ ready: 'True', bundle: state({ revision: 'better' }) }));
});

it('servers that never answer hold up no policy that has its Rego', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((letter) => `endless-${letter}`);
  for (const name of names) assertOk(await apply(aPolicy(name, { http: `http://${server.host}/never`, ...signed() })));
  await until(async () => server.waiting(), 4);
  const spec = {
    modules: { 'p.rego': 'package approval\n\nallow contains "at once"\n' },
    match: aPolicy('prompt', {}).spec.match,
  };
  assertOk(await apply({ ...aPolicy('prompt', {}), spec }));
  await until(() => stateOf('prompt'), state({ ready: 'True' }), 8_000);
  expect(server.waiting()).toBe(4);
  assertOk(await cluster.admin(['delete', 'approvalpolicy', ...names]));
});

it('decisions by bundles are made again from the records alone', async () => {
  const { decisions } = await expectReplays(logs.flat());
  expect(decisions).toBeGreaterThan(10);
});

describe('the API server refuses a policy', () => {
  const refusal = (spec: Record<string, unknown>) => ({ ...aPolicy('refused', {}), spec });
  const modules = { 'p.rego': 'package approval' };
  const key = { publicKey: 'x' };
  it.each([
    [
      'with modules and a bundle',
      { modules, bundle: { configMap: { name: 'x' } } },
      'modules and a bundle: leave one of them out',
    ],
    ['with neither', {}, 'neither modules nor a bundle: `assent policy render FOLDER`'],
    [
      'of two sources',
      { bundle: { configMap: { name: 'x' }, http: 'https://x' } },
      'exactly one of oci, http and configMap',
    ],
    ['that believes whatever comes', { bundle: { oci: 'ghcr.io/acme/p:1' } }, 'needs digest or verify'],
    ['that asks for nothing in verify', { bundle: { oci: 'ghcr.io/acme/p:1', verify: {} } }, 'verify'],
    [
      'that asks cosign of a server',
      { bundle: { http: 'https://x', verify: { cosign: { keys: [key] } } } },
      'is for bundles from oci',
    ],
    [
      "that names another's namespace",
      { bundle: { configMap: { name: 'x', namespace: 'kube-system' } } },
      'its own namespace',
    ],
  ])('%s', async (_, spec, message) => {
    expect(await apply(refusal(spec))).toMatchObject({ ok: false, stderr: expect.stringContaining(message) });
  });

  it('of the cluster whose ConfigMap has no namespace', async () => {
    const policy = { ...refusal({ bundle: { configMap: { name: 'x' } } }), kind: 'ClusterApprovalPolicy' };
    expect(await apply(policy)).toMatchObject({ ok: false, stderr: expect.stringContaining('name that of each') });
  });
});
