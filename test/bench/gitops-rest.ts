// Who writes while nothing happens: the operator and Flux, with versions that wait and are approved, at intervals of two
// seconds. Counts every write that the API server takes; `--minutes` says for how long (5).
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureCompiler, startControlPlane } from '../../src/dev/index.ts';
import { assertOk } from '../e2e/admission-cluster.ts';
import { aPolicy, aVersionFile } from '../gitops/flux-files.ts';
import { type FluxScene, prepareFluxScene } from '../gitops/flux-scene.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } });
const VERSIONS = ['fraud', 'churn', 'risk'];
const WRITES = /^(POST|PUT|PATCH|APPLY|DELETE|DELETECOLLECTION)$/;

await ensureCompiler(console.log);
await using controlPlane = await startControlPlane({ report: console.log });
await using scene = await prepareFluxScene(controlPlane);
await Promise.all([scene.apply(aPolicy('merge')), scene.apply(aPolicy('people'))]);
const files = (approve?: string) => ({
  'models/fraud.yaml': aVersionFile('fraud', { use: 'merge', ...(approve ? { approve } : {}) }),
  'models/churn.yaml': aVersionFile('churn', { use: 'people' }),
  'production/risk.yaml': aVersionFile('risk', { use: 'merge', ...(approve ? { approve } : {}) }),
  'serving/server.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: server}\n',
});
await scene.push('ask', files());
await scene.kustomize('models.yaml');
await scene.kustomize('serving.yaml');
await untilReasons(scene, ['AwaitingApproval', 'AwaitingApproval', 'AwaitingApproval']);
await scene.push('approve', files('merged: #1'));
await untilReasons(scene, ['ManuallyApproved', 'AwaitingApproval', 'ManuallyApproved']);
while ((scene.flux.reconciled.get('serving') ?? 0) < 1) await sleep(200);

const before = await measure(scene);
const reconciledBefore = new Map(scene.flux.reconciled);
await sleep(Number(values.minutes) * 60_000);
const after = await measure(scene);

console.log(`${values.minutes} minutes of rest`);
for (const [name, times] of scene.flux.reconciled)
  console.log(`Flux reconciled ${name} ${times - (reconciledBefore.get(name) ?? 0)} times`);
for (const [what, count] of after.requests) {
  const more = count - (before.requests.get(what) ?? 0);
  if (more > 0) console.log(`${more} × ${what}`);
}
const same = VERSIONS.filter((_, index) => before.versions[index] === after.versions[index]);
console.log(`${same.length} of ${VERSIONS.length} versions have the resourceVersion that they had`);

async function untilReasons({ cluster }: FluxScene, wanted: readonly string[]): Promise<void> {
  for (;;) {
    const found = await Promise.all(VERSIONS.map((name) => cluster.read(name).catch(() => undefined)));
    const reasons = found.map((one) => one?.status?.conditions?.find(({ type }) => type === 'Approved')?.reason);
    if (reasons.join() === wanted.join()) return;
    await sleep(200);
  }
}

/** Every write request on our kinds since the API server started, dry runs told apart; and what the versions are at. */
async function measure({ cluster }: FluxScene) {
  const { stdout } = assertOk(await cluster.admin(['get', '--raw', '/metrics']));
  const requests = new Map<string, number>();
  for (const [, labels = '', count] of stdout.matchAll(/^apiserver_request_total\{(.*)\} (\S+)$/gm)) {
    const { group, resource, subresource, verb = '', dry_run } = readLabels(labels);
    if (group !== 'assent.dev' || !WRITES.test(verb)) continue;
    const what = `${verb} ${resource}${subresource ? `/${subresource}` : ''}${dry_run ? ' (dry run)' : ''}`;
    requests.set(what, (requests.get(what) ?? 0) + Number(count));
  }
  const versions = await Promise.all(VERSIONS.map(async (name) => (await cluster.read(name)).metadata.resourceVersion));
  return { requests, versions };
}

function readLabels(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
}
