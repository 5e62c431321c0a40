import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGuardManifests } from '../../src/admission/index.ts';
import { API_VERSION, STAGE_APPROVALS_NAME } from '../../src/api/index.ts';
import type { User } from '../../src/dev/index.ts';
import { type AdmissionCluster, type Answer, assertOk, installAdmission, type Kubectl } from './admission-cluster.ts';
import { until } from './until.ts';
import { aWorkload, KSERVE_STAND_IN, WORKLOAD_KINDS, type WorkloadKind } from './workloads.ts';

const PRODUCTION_DIGEST = `sha256:${'a'.repeat(64)}`;

let cluster: AdmissionCluster;
/** May create and edit workloads of any kind, and nothing of ours: what a controller would add up to the role edit. */
let dev: Kubectl;

beforeAll(async () => {
  cluster = await installAdmission();
  await apply(cluster.admin, KSERVE_STAND_IN, ...buildGuardManifests());
  dev = await cluster.as({ user: 'dev', groups: [] }, 'system:aggregate-to-edit', 'system:aggregate-to-view');
  const serving = `serving-${randomBytes(4).toString('hex')}`;
  assertOk(
    await cluster.admin(['create', 'role', serving, '--verb=*', '--resource=inferenceservices.serving.kserve.io']),
  );
  assertOk(await cluster.admin(['create', 'rolebinding', serving, '--role', serving, '--user=dev']));
  await labelNamespace('assent.dev/stage=Production');
  await keepApprovals();
  // A new policy, a label of a namespace and a parameter each take a moment to be known to admission.
  await until(() => deploy('Deployment', 'none'), refused('is not approved for Production'));
  await until(() => deploy('Deployment', 'fraud-7'), passes);
});

const passes = expect.objectContaining({ ok: true });
const refused = (message: string) => expect.objectContaining({ ok: false, stderr: expect.stringContaining(message) });
const aName = () => `w${randomBytes(4).toString('hex')}`;

async function apply(kubectl: Kubectl, ...items: readonly unknown[]): Promise<Answer> {
  const args = ['apply', '--server-side', '--force-conflicts', '--filename', '-'];
  return assertOk(await kubectl(args, { apiVersion: 'v1', kind: 'List', items }));
}

async function labelNamespace(...labels: readonly string[]): Promise<void> {
  assertOk(await cluster.admin(['label', '--overwrite', 'namespace', cluster.namespace, ...labels]));
}

const STATUS = {
  versions: { Production: { 'fraud-7': PRODUCTION_DIGEST, 'churn-1': '' }, Staging: { 'fraud-8': '' } },
  approved: 3,
  omitted: 0,
  conditions: [],
};

/** What the operator does. */
async function keepApprovals(change: Record<string, unknown> = {}): Promise<void> {
  const exists = await cluster.operator(['get', 'stageapprovals', STAGE_APPROVALS_NAME]);
  if (!exists.ok) assertOk(await cluster.operator(['create', '--filename', '-'], someApprovals()));
  assertOk(await writeApprovals(cluster.operator, change));
}

function writeApprovals(by: Kubectl, change: Record<string, unknown> = {}): Promise<Answer> {
  return by(['replace', '--subresource=status', '--filename', '-'], {
    ...someApprovals(),
    status: { ...STATUS, modelNamespace: cluster.namespace, ...change },
  });
}

const someApprovals = () => ({
  apiVersion: API_VERSION,
  kind: 'StageApprovals',
  metadata: { name: STAGE_APPROVALS_NAME },
});

/** A dry run goes through admission, and leaves nothing behind. */
function deploy(kind: WorkloadKind, version: string | undefined, change = {}, by = dev): Promise<Answer> {
  const labels = version === undefined ? {} : { 'assent.dev/model-version': version };
  return by(['create', '--dry-run=server', '--filename', '-'], aWorkload(kind, aName(), { labels, ...change }));
}

describe.each(WORKLOAD_KINDS)('a %s', (kind) => {
  it('of a version that is approved for Production is let into a namespace for Production', async () => {
    expect(await deploy(kind, 'fraud-7')).toEqual(passes);
  });

  it('of a version that is not approved is refused, and told where to look', async () => {
    const message = `ModelVersion fraud-6 is not approved for Production, which namespace ${cluster.namespace} is for: see kubectl get mv fraud-6 --namespace ${cluster.namespace}`;
    expect(await deploy(kind, 'fraud-6')).toEqual(refused(message));
  });

  it('of a version that is approved for another stage is refused, and told for which', async () => {
    const message = `ModelVersion fraud-8 is approved for Staging, and namespace ${cluster.namespace} is for Production: see kubectl get mv fraud-8`;
    expect(await deploy(kind, 'fraud-8')).toEqual(refused(message));
  });

  it('that names no version is refused, and told the label', async () => {
    const message = `does not say which model version it serves: namespace ${cluster.namespace} is for Production, so give it or its pod template the label assent.dev/model-version with the name of a ModelVersion`;
    expect(await deploy(kind, undefined)).toEqual(refused(message));
  });
});

describe('a version is named', () => {
  it('by the label of the pod template, which comes before that of the workload', async () => {
    const named = (version: string) => ({ template: { labels: { 'assent.dev/model-version': version } } });
    expect(await deploy('Deployment', undefined, named('fraud-7'))).toEqual(passes);
    expect(await deploy('Deployment', 'fraud-6', named('fraud-7'))).toEqual(passes);
    expect(await deploy('Deployment', 'fraud-7', named('fraud-6'))).toEqual(
      refused('ModelVersion fraud-6 is not approved'),
    );
    expect(await deploy('CronJob', 'fraud-7', named('fraud-6'))).toEqual(
      refused('ModelVersion fraud-6 is not approved'),
    );
  });

  it('by an annotation, where there is no label: a name may be longer than a label', async () => {
    const named = (version: string) => ({ annotations: { 'assent.dev/model-version': version } });
    expect(await deploy('InferenceService', undefined, named('fraud-7'))).toEqual(passes);
    const long = `fraud-${'detector-'.repeat(10)}1`;
    expect(await deploy('InferenceService', undefined, named(long))).toEqual(
      refused(`ModelVersion ${long} is not approved`),
    );
  });
});

describe('the annotation assent.dev/artifact-digest', () => {
  const ofDigest = (digest: string) => ({ annotations: { 'assent.dev/artifact-digest': digest } });

  it('may be left out, and passes where it names the approved artifact', async () => {
    expect(await deploy('Deployment', 'fraud-7', ofDigest(PRODUCTION_DIGEST))).toEqual(passes);
  });

  it('is refused where it names another artifact', async () => {
    const other = `sha256:${'b'.repeat(64)}`;
    const message = `has the annotation assent.dev/artifact-digest: ${other}, and ModelVersion fraud-7 was approved for ${PRODUCTION_DIGEST}`;
    expect(await deploy('Deployment', 'fraud-7', ofDigest(other))).toEqual(refused(message));
    const onTemplate = { template: ofDigest(other) };
    expect(await deploy('Deployment', 'fraud-7', onTemplate)).toEqual(refused(message));
  });

  it('is refused where the version was approved without a digest', async () => {
    const message = 'ModelVersion churn-1 was approved without spec.artifact.digest';
    expect(await deploy('Deployment', 'churn-1', ofDigest(PRODUCTION_DIGEST))).toEqual(refused(message));
  });
});

describe('what runs already, once its version is not approved any more', () => {
  const names = new Map<WorkloadKind, string>();
  const nameOf = (kind: WorkloadKind) => names.get(kind) ?? '';

  beforeAll(async () => {
    for (const kind of WORKLOAD_KINDS) {
      names.set(kind, aName());
      const labels = { 'assent.dev/model-version': 'fraud-7' };
      const workload = aWorkload(kind, nameOf(kind), { labels, template: { labels } });
      assertOk(await dev(['create', '--filename', '-'], workload));
    }
    await keepApprovals({ versions: { Production: { 'fraud-9': '' }, Staging: {} } });
    await until(() => deploy('Deployment', 'fraud-7'), refused('ModelVersion fraud-7 is not approved'));
  });
  afterAll(() => keepApprovals());

  const change = (kind: WorkloadKind, patch: Record<string, unknown>, by = dev): Promise<Answer> =>
    by(['patch', kind, nameOf(kind), '--dry-run=server', '--type=merge', '--patch', JSON.stringify(patch)]);
  const renamed = (labels: Record<string, string>) => ({ metadata: { labels } });

  it.each(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController'] as const)(
    'may be scaled: a %s by its scale and by its spec',
    async (kind) => {
      expect(await dev(['scale', kind, nameOf(kind), '--replicas=5'])).toEqual(passes);
      expect(await change(kind, { spec: { replicas: 7 } })).toEqual(passes);
    },
  );

  it('may be scaled, and its traffic moved, where it is an InferenceService', async () => {
    const predictor = { minReplicas: 0, maxReplicas: 3, canaryTrafficPercent: 0 };
    expect(await change('InferenceService', { spec: { predictor } })).toEqual(passes);
  });

  it.each(WORKLOAD_KINDS)('may be labelled and annotated: a %s', async (kind) => {
    expect(await change(kind, { metadata: { labels: { team: 'risk' }, annotations: { note: 'x' } } })).toEqual(passes);
  });

  it.each<[WorkloadKind, Record<string, unknown>]>([
    ['Deployment', { spec: { template: { metadata: { annotations: { restarted: 'now' } } } } }],
    ['StatefulSet', { spec: { template: { spec: { containers: [{ name: 'server', image: 'server:2' }] } } } }],
    ['CronJob', { spec: { jobTemplate: { spec: { template: { metadata: { labels: { a: 'b' } } } } } } }],
    ['Pod', { spec: { containers: [{ name: 'server', image: 'server:2' }] } }],
    ['InferenceService', { spec: { predictor: { model: { storageUri: 's3://models/8' } } } }],
    ['InferenceService', { spec: { predictor: { model: null } } }],
    ['InferenceService', { spec: { transformer: { containers: [] } } }],
    ['InferenceService', { spec: { storage: 's3://models/8' } }],
  ])('may not start something else: a %s with %j', async (kind, patch) => {
    expect(await change(kind, patch)).toEqual(refused('ModelVersion fraud-7 is not approved for Production'));
  });

  it('may be rolled back to a version that is approved, whatever the label of the workload itself says', async () => {
    const template = { metadata: { labels: { 'assent.dev/model-version': 'fraud-9' } } };
    expect(await change('Deployment', { spec: { template } })).toEqual(passes);
  });

  it('may not lose its name, nor take that of another version which is not approved', async () => {
    const label = 'assent.dev/model-version';
    expect(await change('Pod', renamed({ [label]: 'fraud-9' }))).toEqual(passes);
    expect(await change('Pod', renamed({ [label]: 'fraud-6' }))).toEqual(
      refused('ModelVersion fraud-6 is not approved'),
    );
    const message = 'does not say which model version it serves';
    expect(await dev(['label', '--dry-run=server', 'pod', nameOf('Pod'), `${label}-`])).toEqual(refused(message));
  });

  it.each<[string, WorkloadKind, WorkloadKind]>([
    ['deployment-controller', 'Deployment', 'ReplicaSet'],
    ['replicaset-controller', 'ReplicaSet', 'Pod'],
    ['statefulset-controller', 'StatefulSet', 'Pod'],
    ['daemon-set-controller', 'DaemonSet', 'Pod'],
    ['replication-controller', 'ReplicationController', 'Pod'],
    ['job-controller', 'Job', 'Pod'],
    ['cronjob-controller', 'CronJob', 'Job'],
  ])('gets what it needs from its controller: the %s makes of a %s a %s', async (name, owner, made) => {
    const ownerReferences = [await ownerOf(owner)];
    expect(await deploy(made, 'fraud-7', { ownerReferences }, await controller(name))).toEqual(passes);
  });

  it('is no way around the guard: who is no controller may write an owner into a pod, and is checked', async () => {
    for (const kind of ['ReplicaSet', 'Job', 'InferenceService'] as const) {
      const ownerReferences = [await ownerOf(kind)];
      expect(await deploy('Pod', 'fraud-7', { ownerReferences })).toEqual(
        refused('ModelVersion fraud-7 is not approved'),
      );
    }
  });

  async function ownerOf(kind: WorkloadKind): Promise<Record<string, unknown>> {
    const { apiVersion, metadata } = JSON.parse((await cluster.admin(['get', kind, nameOf(kind), '-o=json'])).stdout);
    return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
  }
});

describe('the StageApprovals', () => {
  it('are written by nobody but the operator: an editor may not even touch them', async () => {
    const message = 'cannot update resource "stageapprovals/status"';
    expect(await writeApprovals(dev)).toEqual(refused(message));
    expect(await dev(['delete', 'stageapprovals', STAGE_APPROVALS_NAME])).toEqual(refused('cannot delete'));
  });

  it('are written by nobody but the operator: who holds every right is refused by the API server', async () => {
    const message = 'may not write this: only the operator';
    expect(await writeApprovals(cluster.admin)).toEqual(refused(message));
  });

  it('cannot be created with anything in them', async () => {
    const object = {
      apiVersion: API_VERSION,
      kind: 'StageApprovals',
      metadata: { name: 'forged' },
      status: { ...STATUS, modelNamespace: cluster.namespace },
    };
    assertOk(await cluster.admin(['create', '--filename', '-'], object));
    const { stdout } = await cluster.admin(['get', 'stageapprovals', 'forged', '--output=json']);
    expect(JSON.parse(stdout)).not.toHaveProperty('status');
  });

  it('of another namespace than the one that the models are in now open nothing', async () => {
    await labelNamespace('assent.dev/model-namespace=risk');
    const message = `what is approved in namespace risk is not known in namespace ${cluster.namespace} yet: try again in a moment`;
    await until(() => deploy('Deployment', 'fraud-7'), refused(message));
    await keepApprovals({ modelNamespace: 'risk' });
    await until(() => deploy('Deployment', 'fraud-7'), passes);
    expect(await deploy('Deployment', 'fraud-6')).toEqual(refused('see kubectl get mv fraud-6 --namespace risk'));
    await labelNamespace('assent.dev/model-namespace-');
    await until(() => deploy('Deployment', 'fraud-7'), refused('is not known'));
    await keepApprovals();
    await until(() => deploy('Deployment', 'fraud-7'), passes);
  });

  it('that have no room for all say so in the refusal', async () => {
    await keepApprovals({ omitted: 12 });
    const message = '(or it is one of 12 approved versions that StageApprovals has no room for)';
    await until(() => deploy('Deployment', 'fraud-6'), refused(message));
    await keepApprovals();
  });

  it('that are missing open nothing', async () => {
    assertOk(await cluster.admin(['delete', 'stageapprovals', STAGE_APPROVALS_NAME]));
    const message = 'no params found for policy binding with `Deny` parameterNotFoundAction';
    await until(() => deploy('Deployment', 'fraud-7'), refused(message));
    await keepApprovals();
    await until(() => deploy('Deployment', 'fraud-7'), passes);
  });

  it('that are there and empty open nothing', async () => {
    assertOk(await cluster.admin(['delete', 'stageapprovals', STAGE_APPROVALS_NAME]));
    assertOk(await cluster.admin(['create', '--filename', '-'], someApprovals()));
    await until(() => deploy('Deployment', 'fraud-7'), refused('is not known'));
    await keepApprovals();
    await until(() => deploy('Deployment', 'fraud-7'), passes);
  });
});

describe('a namespace', () => {
  it.each(['production', 'Archived', ''])(
    'with the label assent.dev/stage=%j lets nothing in, and says what is right',
    async (stage) => {
      await labelNamespace(`assent.dev/stage=${stage}`);
      const message = `has the label assent.dev/stage: ${stage}, which must be Staging or Production`;
      await until(() => deploy('Deployment', 'fraud-7'), refused(message));
      await labelNamespace('assent.dev/stage=Production');
      await until(() => deploy('Deployment', 'fraud-7'), passes);
    },
  );

  it('for Staging lets in what is approved for Staging', async () => {
    await labelNamespace('assent.dev/stage=Staging');
    await until(() => deploy('Deployment', 'fraud-8'), passes);
    expect(await deploy('Deployment', 'fraud-7')).toEqual(
      refused('ModelVersion fraud-7 is approved for Production, and namespace'),
    );
    await labelNamespace('assent.dev/stage=Production');
    await until(() => deploy('Deployment', 'fraud-7'), passes);
  });

  it('without the label is not guarded', async () => {
    await labelNamespace('assent.dev/stage-');
    await until(() => deploy('Deployment', 'fraud-6'), passes);
    expect(await deploy('Pod', undefined)).toEqual(passes);
    await labelNamespace('assent.dev/stage=Production');
    await until(() => deploy('Deployment', 'fraud-6'), refused('is not approved'));
  });
});

describe('whoever installs the guard may choose', () => {
  afterAll(() => apply(cluster.admin, ...buildGuardManifests()));

  it('which kinds must name a version: the others are guarded where they do', async () => {
    await apply(cluster.admin, ...buildGuardManifests({ versionRequired: ['InferenceService'] }));
    await until(() => deploy('Deployment', undefined), passes);
    expect(await deploy('Deployment', 'fraud-6')).toEqual(refused('is not approved'));
    expect(await deploy('InferenceService', undefined)).toEqual(refused('does not say which model version'));
  });

  it('where a workload names its version', async () => {
    const versionPath = ['spec', 'predictor', 'model', 'storageUri'];
    await apply(cluster.admin, ...buildGuardManifests({ versionPath }));
    await until(() => deploy('InferenceService', undefined), refused('ModelVersion s3://models/7 is not approved'));
    expect(await deploy('Deployment', undefined)).toEqual(refused('does not say which model version'));
    expect(await deploy('Deployment', 'fraud-7')).toEqual(passes);
  });

  it('that what controllers make is checked again', async () => {
    const replicaSet = aName();
    const labels = { 'assent.dev/model-version': 'fraud-7' };
    assertOk(await dev(['create', '--filename', '-'], aWorkload('ReplicaSet', replicaSet, { labels })));
    const { metadata } = JSON.parse((await cluster.admin(['get', 'replicaset', replicaSet, '--output=json'])).stdout);
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: replicaSet, uid: metadata.uid, controller: true };
    const replicaSets = await controller('replicaset-controller');
    const create = (version: string) => deploy('Pod', version, { ownerReferences: [owner] }, replicaSets);
    expect(await create('fraud-6')).toEqual(passes);
    await apply(cluster.admin, ...buildGuardManifests({ checkControlled: true }));
    await until(() => create('fraud-6'), refused('ModelVersion fraud-6 is not approved'));
    expect(await create('fraud-7')).toEqual(passes);
  });
});

/** A controller of Kubernetes' own: it may create pods, and update the finalizers of its objects. */
async function controller(name: string): Promise<Kubectl> {
  const user: User = { user: `system:serviceaccount:kube-system:${name}`, groups: ['system:serviceaccounts'] };
  return cluster.as(user, `system:controller:${name}`);
}
