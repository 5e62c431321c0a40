import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import {
  buildAdmissionManifests,
  buildGuardManifests,
  buildRbacManifests,
  DEFAULT_NAMESPACE,
} from '../../src/admission/index.ts';
import { buildCrds } from '../../src/api/index.ts';
import { readPackageInfo } from '../../src/cli/package-info.ts';
import { ensureHelm, repositoryRoot } from '../../src/dev/index.ts';
import { assertOk, installAdmission } from './admission-cluster.ts';

const chart = join(repositoryRoot, 'charts', 'assent');
const KINDS = 'admissionregistration.k8s.io/v1';

let home: string;
let helm: (...args: readonly string[]) => Promise<string>;
beforeAll(async () => {
  const program = await ensureHelm();
  // Neither the user's settings nor their plugins.
  home = await mkdtemp(join(tmpdir(), 'assent-helm-'));
  helm = async (...args) => (await promisify(execFile)(program, args, { env: { HOME: home } })).stdout;
}, 600_000);
afterAll(() => rm(home, { recursive: true, force: true }));

const Manifest = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const Pod = z.object({
  volumes: z.array(z.unknown()),
  containers: z.array(z.object({ args: z.array(z.string()), volumeMounts: z.array(z.unknown()) })),
});
type Manifests = Readonly<Record<string, z.infer<typeof Manifest>>>;

/** What the chart renders, by kind and name. */
async function render(...args: readonly string[]): Promise<Manifests> {
  const text = await helm('template', 'assent', chart, '--namespace', DEFAULT_NAMESPACE, ...args);
  // A document of comments only is none.
  return byName(parseAllDocuments(text).flatMap((document) => document.toJS() ?? []));
}

function byName(manifests: readonly unknown[]): Manifests {
  const parsed = manifests.map((manifest) => Manifest.parse(manifest));
  return Object.fromEntries(parsed.map((manifest) => [`${manifest.kind}/${manifest.metadata.name}`, manifest]));
}

/** All but the operator itself, which `npm start` runs as a process. */
function withoutOperator(manifests: Manifests): Manifests {
  const { 'ServiceAccount/assent-operator': _, 'Deployment/assent-operator': __, ...rest } = manifests;
  return rest;
}

function withoutStamps(manifests: Manifests): Manifests {
  return Object.fromEntries(Object.entries(manifests).filter(([name]) => !name.startsWith('Mutating')));
}

test('helm lint has nothing to warn of', async () => {
  expect(await helm('lint', chart, '--strict')).toContain('0 chart(s) failed');
});

describe('what the chart installs', () => {
  const installed = () => byName([...buildRbacManifests(), ...buildAdmissionManifests()]);

  test('on Kubernetes 1.37 is what npm start installs', async () => {
    expect(withoutOperator(await render('--kube-version', '1.37.0'))).toEqual(installed());
  });

  test('on Kubernetes 1.30 is the same without what stamps: that version does not serve it', async () => {
    const rendered = withoutOperator(await render('--kube-version', '1.30.0'));
    expect(rendered).toEqual(withoutStamps(installed()));
  });

  test.each([
    ['with', ['ValidatingAdmissionPolicy', 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'], true],
    ['without', ['ValidatingAdmissionPolicy'], false],
  ])('on a cluster %s the mutating policies follows what it serves, not its version', async (_, kinds, stamped) => {
    const served = kinds.flatMap((kind) => ['--api-versions', `${KINDS}/${kind}`]);
    const rendered = await render('--kube-version', '1.36.0', ...served);
    expect(Object.keys(rendered).filter((name) => name.startsWith('Mutating'))).toHaveLength(stamped ? 2 : 0);
  });

  test('names the operator of its namespace', async () => {
    const rendered = withoutOperator(await render('--kube-version', '1.37.0', '--namespace', 'risk'));
    const admission = buildAdmissionManifests({ namespace: 'risk' });
    expect(rendered).toEqual(byName([...buildRbacManifests({ namespace: 'risk' }), ...admission]));
  });

  test('has the deployment guard by choice only, as it is built', async () => {
    const rendered = withoutOperator(await render('--kube-version', '1.37.0', '--set', 'guard.enabled=true'));
    expect(rendered).toEqual({ ...installed(), ...byName(buildGuardManifests()) });
  });

  test('has the deployment guard with what was chosen', async () => {
    const chosen = {
      versionRequired: ['InferenceService', 'Job'],
      versionPath: ['metadata', 'annotations', 'example.com/model'],
      checkControlled: true,
      resources: [],
    };
    const rendered = await render('--set-json', `guard=${JSON.stringify({ enabled: true, ...chosen })}`);
    expect(rendered).toMatchObject(byName(buildGuardManifests(chosen)));
  });

  test('has the gateway by choice only, bound where its versions are, and not without an address', async () => {
    const enabled = ['--set', 'gateway.enabled=true'];
    await expect(render(...enabled)).rejects.toThrow('gateway.registry is the address of MLflow');
    const rendered = await render(...enabled, '--set', 'gateway.registry=http://mlflow:5000,gateway.namespace=ml');
    expect(rendered).toMatchObject({
      'ServiceAccount/assent-gateway': { metadata: { namespace: DEFAULT_NAMESPACE } },
      'RoleBinding/assent-gateway': { metadata: { namespace: 'ml' } },
      'Service/assent-gateway': {},
    });
    expect(JSON.stringify(rendered['Deployment/assent-gateway'])).toContain(
      '["--registry","http://mlflow:5000","--listen","0.0.0.0:5001","--namespace","ml","--timeout","30s"]',
    );
  });

  test('begins with the kinds', async () => {
    const { crds, all } = { crds: byName(buildCrds()), all: await render('--include-crds') };
    expect(all).toMatchObject(crds);
  });

  test('is refused before Kubernetes 1.30', async () => {
    await expect(render('--kube-version', '1.29.0')).rejects.toThrow('chart requires kubeVersion: >=1.30.0-0');
  });

  test('gives the operator what its values add: arguments, and volumes where they are mounted', async () => {
    const mount = { name: 'records', mountPath: '/var/lib/assent' };
    const volume = { name: 'records', persistentVolumeClaim: { claimName: 'assent-records' } };
    const args = ['--record-mask', '/snapshot/*/spec/parameters/a"b'];
    const values = { extraArgs: args, extraVolumes: [volume], extraVolumeMounts: [mount] };
    const rendered = await render('--set-json', `operator=${JSON.stringify(values)}`);
    const podOf = (manifests: Manifests) =>
      z.object({ spec: z.object({ template: z.object({ spec: Pod }) }) }).parse(manifests['Deployment/assent-operator'])
        .spec.template.spec;
    const [before, after] = [podOf(await render()), podOf(rendered)];
    expect(after.volumes).toEqual([...before.volumes, volume]);
    expect(after.containers).toEqual(
      before.containers.map((container) => ({
        ...container,
        args: [...container.args, ...args],
        volumeMounts: [...container.volumeMounts, mount],
      })),
    );
  });

  test('takes image, replicas and resources from its values', async () => {
    const set = [
      '--set',
      'image.repository=registry.test/assent,image.tag=9.9.9,replicas=0,resources.limits.memory=2Gi',
    ];
    const [byDefault, changed] = await Promise.all([render(), render(...set)]);
    const deploymentOf = (manifests: Manifests) => manifests['Deployment/assent-operator'];
    const specOf = (replicas: number, image: string, limits: object) => ({
      spec: { replicas, template: { spec: { containers: [{ image, resources: { limits } }] } } },
    });
    expect(deploymentOf(byDefault)).toMatchObject(specOf(1, `assent:${readPackageInfo().version}`, { memory: '1Gi' }));
    expect(deploymentOf(changed)).toMatchObject(specOf(0, 'registry.test/assent:9.9.9', { memory: '2Gi' }));
  });
});

test('docs/install.md and the README install the image that they build', async () => {
  const read = (path: string) => readFile(join(repositoryRoot, path), 'utf8');
  const { version } = readPackageInfo();
  expect(await read('Dockerfile')).toContain(`docker build -t assent:${version} .`);
  const page = await read('docs/install.md');
  const [, image = ''] = /^docker push (\S+)$/m.exec(page) ?? [];
  for (const text of [page, await read('README.md')]) {
    const [, command = ''] = /^helm install assent (charts(?:.*\\\n)*.*)$/m.exec(text) ?? [];
    const words = command.replaceAll('\\\n', ' ').split(/ +/);
    const rendered = await render(...words.slice(words.indexOf('--set')));
    expect(words).toEqual(expect.arrayContaining(['charts/assent', '--namespace', DEFAULT_NAMESPACE]));
    expect(rendered['Deployment/assent-operator']).toMatchObject({
      spec: { template: { spec: { containers: [{ image }] } } },
    });
  }
});

test('the API server accepts every object of the chart', async () => {
  const { admin, namespace } = await installAdmission();
  const rendered = Object.values(
    await render('--include-crds', '--namespace', namespace, '--set', 'guard.enabled=true'),
  );
  const dryRun = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--filename', '-'];
  const list = { apiVersion: 'v1', kind: 'List', items: rendered };
  const { stdout } = assertOk(await admin([...dryRun, '--output', 'name'], list));
  expect(stdout.trim().split('\n')).toHaveLength(rendered.length);
});
