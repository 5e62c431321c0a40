import { afterAll, beforeAll, describe, expect } from 'vitest';
import { DEFAULT_NAMESPACE, PUBLIC_KEYS_NAME, SIGNING_KEYS_NAME } from '../../src/admission/index.ts';
import { ANNOTATIONS, GROUP } from '../../src/api/index.ts';
import { attack, refused } from './attack.ts';
import type { Answer, Person } from './person.ts';
import { prepareScene, type Scene } from './scene.ts';
import { expectNoSuch, expectRefused } from './state.ts';

// Nothing here reaches a decision, so no operator runs: the version must stay as it was in every byte.
let scene: Scene;
let nobody: Person;
let reader: Person;
let stranger: Person;
/** Writes roles and bindings in the namespace and in the cluster, and may not give what they do not hold. */
let roleWriter: Person;

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

beforeAll(async () => {
  scene = await prepareScene();
  const role = `${scene.namespace}-roles`;
  const resources = ['roles', 'rolebindings', 'clusterroles'];
  const rules = [{ apiGroups: ['rbac.authorization.k8s.io'], resources, verbs: ['get', 'create', 'update', 'patch'] }];
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await scene.apply({ apiVersion, kind: 'ClusterRole', metadata: { name: role }, rules });
  await scene.apply({
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'rolf' }],
  });
  [nobody, reader, stranger, roleWriter] = await Promise.all([
    scene.bearer(),
    scene.person({ user: 'rhea', groups: ['auditors'] }, 'assent-viewer'),
    scene.person({ user: 'stan', groups: [] }),
    scene.person({ user: 'rolf', groups: [] }, 'assent-submitter'),
  ]);
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const APPROVAL = { [ANNOTATIONS.approve]: 'let me' };

describe('nobody', () => {
  attack('an anonymous user tries to read a version and gets Forbidden', async () => {
    const name = await scene.submit(scene.sam);
    const read = () => nobody.send({ method: 'GET', path: nobody.path(name) });
    await expectRefused(scene, name, read, refused('forbidden', 'User "system:anonymous" cannot get'));
  });

  attack('an anonymous user tries to create a version and gets Forbidden', async () => {
    const answer = await nobody.create({ metadata: { name: 'by-nobody' } });
    expect(answer).toEqual(refused('forbidden', 'User "system:anonymous" cannot create'));
    await expectNoSuch(scene, 'by-nobody');
  });

  attack('an anonymous user tries to approve and gets Forbidden', async () => {
    const name = await scene.submit(scene.sam);
    const approve = () => nobody.annotate(name, APPROVAL);
    await expectRefused(scene, name, approve, refused('forbidden', 'User "system:anonymous" cannot patch'));
  });

  attack('a user with a made-up token tries to approve and gets Unauthorized', async () => {
    const name = await scene.submit(scene.sam);
    const forger = await scene.bearer('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.');
    await expectRefused(scene, name, () => forger.annotate(name, APPROVAL), refused('unauthorized', 'Unauthorized'));
  });

  attack('a user without a role tries to approve and gets Forbidden', async () => {
    const name = await scene.submit(scene.sam);
    const approve = () => stranger.annotate(name, APPROVAL);
    await expectRefused(scene, name, approve, refused('forbidden', 'User "stan" cannot patch'));
  });

  attack('a reader tries to approve and gets Forbidden', async () => {
    const name = await scene.submit(scene.sam);
    const approve = () => reader.annotate(name, APPROVAL);
    await expectRefused(scene, name, approve, refused('forbidden', 'User "rhea" cannot patch'));
  });
});

describe('whoever writes roles', () => {
  const ESCALATION = refused('forbidden', 'attempting to grant RBAC permissions not currently held');
  const create = (path: string, body: Record<string, unknown>): Promise<Answer> =>
    roleWriter.send({ method: 'POST', path, body });

  attack('a role writer tries to bind themselves to assent-approver and gets Forbidden', async () => {
    const answer = await create(`${RBAC}/namespaces/${scene.namespace}/rolebindings`, {
      metadata: { name: 'for-rolf' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'assent-approver' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'rolf' }],
    });
    expect(answer).toEqual(ESCALATION);
    await expectStillRefused();
  });

  attack('a role writer tries to write a role with the verb and gets Forbidden', async () => {
    const rules = [{ apiGroups: [GROUP], resources: ['modelversions'], verbs: ['approve'] }];
    const path = `${RBAC}/namespaces/${scene.namespace}/roles`;
    expect(await create(path, { metadata: { name: 'with-the-verb' }, rules })).toEqual(ESCALATION);
    await expectStillRefused();
  });

  attack('a role writer tries to add the verb to assent-submitter and gets Forbidden', async () => {
    const answer = await roleWriter.send({
      method: 'PATCH',
      path: `${RBAC}/clusterroles/assent-submitter`,
      contentType: 'application/json-patch+json',
      body: [{ op: 'add', path: '/rules/0/verbs/-', value: 'approve' }],
    });
    expect(answer).toEqual(ESCALATION);
    await expectStillRefused();
  });

  attack('a role writer tries to add the verb to edit by aggregation and gets Forbidden', async () => {
    const labels = { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' };
    const rules = [{ apiGroups: [GROUP], resources: ['modelversions'], verbs: ['approve'] }];
    const metadata = { name: `${scene.namespace}-aggregated`, labels };
    expect(await create(`${RBAC}/clusterroles`, { metadata, rules })).toEqual(ESCALATION);
    await expectStillRefused();
  });

  async function expectStillRefused(): Promise<void> {
    const name = await scene.submit(scene.sam);
    const approve = () => roleWriter.annotate(name, APPROVAL);
    await expectRefused(scene, name, approve, refused('forbidden', 'rolf may not decide'));
  }
});

describe('what makes an approval trustworthy', () => {
  const remove = (path: string): Promise<Answer> => scene.sam.send({ method: 'DELETE', path });

  attack('a submitter tries to delete the binding of an admission policy and gets Forbidden', async () => {
    const answer = await remove(`${ADMISSION}/validatingadmissionpolicybindings/assent-decisions`);
    expect(answer).toEqual(refused('forbidden', 'cannot delete resource "validatingadmissionpolicybindings"'));
    await expectInForce();
  });

  attack('a submitter tries to weaken an admission policy to a warning and gets Forbidden', async () => {
    const answer = await scene.sam.send({
      method: 'PATCH',
      path: `${ADMISSION}/validatingadmissionpolicybindings/assent-decisions`,
      contentType: 'application/merge-patch+json',
      body: { spec: { validationActions: ['Warn'] } },
    });
    expect(answer).toEqual(refused('forbidden', 'cannot patch resource "validatingadmissionpolicybindings"'));
    await expectInForce();
  });

  attack('a submitter tries to delete the kind with all its versions and gets Forbidden', async () => {
    const answer = await remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/modelversions.${GROUP}`);
    expect(answer).toEqual(refused('forbidden', 'cannot delete resource "customresourcedefinitions"'));
  });

  attack("a submitter tries to request a token of the operator's and gets Forbidden", async () => {
    const path = `/api/v1/namespaces/${DEFAULT_NAMESPACE}/serviceaccounts/assent-operator/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const answer = await scene.sam.send({ method: 'POST', path, body });
    expect(answer).toEqual(refused('forbidden', 'cannot create resource "serviceaccounts/token"'));
  });

  attack('a submitter tries to read the keys that sign decisions and gets Forbidden', async () => {
    const path = `/api/v1/namespaces/${DEFAULT_NAMESPACE}/secrets/${SIGNING_KEYS_NAME}`;
    expect(await scene.sam.send({ method: 'GET', path })).toEqual(
      refused('forbidden', 'cannot get resource "secrets"'),
    );
  });

  attack('a submitter tries to put a key of their own among the public keys and gets Forbidden', async () => {
    const path = `/api/v1/namespaces/${DEFAULT_NAMESPACE}/configmaps/${PUBLIC_KEYS_NAME}`;
    const request = { method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { data: {} } } as const;
    expect(await scene.sam.send(request)).toEqual(refused('forbidden', 'cannot patch resource "configmaps"'));
  });

  async function expectInForce(): Promise<void> {
    const name = await scene.submit(scene.sam);
    const approve = () => scene.sam.annotate(name, APPROVAL);
    await expectRefused(scene, name, approve, refused('forbidden', 'sam may not decide'));
  }
});
