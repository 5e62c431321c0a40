import { afterAll, beforeAll, describe, expect } from 'vitest';
import { DEFAULT_NAMESPACE, operatorUser } from '../../src/admission/index.ts';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { sharedCluster } from '../e2e/shared-cluster.ts';
import { attack, DONE, limit, refused } from './attack.ts';
import type { Person } from './person.ts';
import { prepareScene, type Scene } from './scene.ts';
import { expectRefused, expectWaitsFor, untilState } from './state.ts';

let scene: Scene;
/** Holds the ClusterRole cluster-admin in the namespace, and is of no special group. */
let root: Person;
const IVAN = { user: 'ivan', groups: ['support'] };

beforeAll(async () => {
  scene = await prepareScene();
  root = await scene.person({ user: 'root', groups: [] }, 'cluster-admin');
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const ONLY_THE_OPERATOR = refused(
  'forbidden',
  `only the operator (${operatorUser(DEFAULT_NAMESPACE)}) writes a status`,
);
const status = { stage: 'Production' };

describe('whoever may do everything', () => {
  attack('a cluster admin tries to write the status and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const patch = () => root.merge(name, { status }, { subresource: 'status' });
    await expectRefused(scene, name, patch, ONLY_THE_OPERATOR);
  });

  attack('a member of system:masters tries to write the status and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const patch = () => scene.admin.merge(name, { status }, { subresource: 'status' });
    await expectRefused(scene, name, patch, ONLY_THE_OPERATOR);
  });

  attack(
    "a cluster admin tries to write the status under the operator's field manager and gets Forbidden",
    async () => {
      const name = await scene.aWaitingVersion();
      const apply = () => root.apply(name, { status }, { subresource: 'status', manager: 'assent-operator' });
      await expectRefused(scene, name, apply, ONLY_THE_OPERATOR);
    },
  );

  attack('a cluster admin tries to write a recorded approval into the status and gets Forbidden', async () => {
    const [approved, name] = await Promise.all([scene.anApprovedVersion(), scene.aWaitingVersion()]);
    const { approvals } = (await scene.read(approved)).status ?? {};
    const patch = () => root.merge(name, { status: { approvals } }, { subresource: 'status' });
    await expectRefused(scene, name, patch, ONLY_THE_OPERATOR);
  });

  attack('a cluster admin tries to approve in the name of an approver and gets a stamp of their own', async () => {
    const name = await scene.aWaitingVersion();
    const alices = '{"user":"alice","groups":["ml-leads","system:authenticated"],"generation":1,"verdict":"approve"}';
    const annotations = { [ANNOTATIONS.approve]: 'as Alice', [ANNOTATIONS.decidedBy]: alices };
    expect(await root.annotate(name, annotations)).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, name, ['root approve, not counted']);
  });

  attack('a cluster admin tries to scale a version and gets Not Found', async () => {
    const name = await scene.aWaitingVersion();
    const scale = () => scene.admin.merge(name, { spec: { replicas: 1 } }, { subresource: 'scale' });
    await expectRefused(scene, name, scale, refused('not-found', name));
  });

  attack(
    "a service account of the operator's name elsewhere tries to write the status and gets Forbidden",
    async () => {
      const name = await scene.aWaitingVersion();
      const impostor = await scene.serviceAccount('assent-operator', 'cluster-admin');
      const patch = () => impostor.merge(name, { status }, { subresource: 'status' });
      await expectRefused(scene, name, patch, ONLY_THE_OPERATOR);
    },
  );
});

describe("whoever holds the operator's token", () => {
  let thief: Person;
  beforeAll(async () => {
    thief = await scene.operatorThief();
  });

  attack("a thief of the operator's token tries to change a spec and gets Forbidden", async () => {
    const name = await scene.aWaitingVersion();
    const change = () => thief.merge(name, { spec: { stage: 'Staging' } });
    await expectRefused(scene, name, change, refused('forbidden', 'cannot patch resource "modelversions"'));
  });

  attack("a thief of the operator's token tries to approve and gets Forbidden", async () => {
    const name = await scene.aWaitingVersion();
    const approve = () => thief.annotate(name, { [ANNOTATIONS.approve]: 'on behalf of the operator' });
    await expectRefused(scene, name, approve, refused('forbidden', 'cannot patch resource "modelversions"'));
  });

  attack("a thief of the operator's token tries to approve through the status and gets no effect", async () => {
    const name = await scene.aWaitingVersion();
    const metadata = { annotations: { [ANNOTATIONS.approve]: 'along with the status' } };
    expect(await thief.merge(name, { metadata }, { subresource: 'status' })).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack("a thief of the operator's token tries to create a version and gets Forbidden", async () => {
    const answer = await thief.create({ metadata: { name: 'stolen' } });
    expect(answer).toEqual(refused('forbidden', 'cannot create resource "modelversions"'));
  });

  attack("a thief of the operator's token tries to take the admission policies away and gets Forbidden", async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/assent-decisions';
    expect(await thief.send({ method: 'DELETE', path })).toEqual(refused('forbidden', 'cannot delete resource'));
    const name = await scene.aWaitingVersion();
    await expectRefused(
      scene,
      name,
      () => scene.sam.annotate(name, { [ANNOTATIONS.approve]: 'now?' }),
      refused('forbidden', 'sam may not decide'),
    );
  });

  limit("a thief of the operator's token tries to write a status and gets it written", async () => {
    const name = await scene.aWaitingVersion();
    expect(await thief.merge(name, { status }, { subresource: 'status' })).toEqual(DONE);
    await untilState(scene, name, { stage: 'Production' });
  });
});

// On a cluster of one's own the tests' users are impersonated already, by somebody who may.
describe.runIf(sharedCluster().folder)('whoever may impersonate', () => {
  beforeAll(async () => {
    const role = `${scene.namespace}-impersonation`;
    const rules = [{ apiGroups: [''], resources: ['users'], resourceNames: ['alice'], verbs: ['impersonate'] }];
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    await scene.apply({ apiVersion, kind: 'ClusterRole', metadata: { name: role }, rules });
    await scene.apply({
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name: role },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: IVAN.user }],
    });
    await scene.applyPlatformPolicy('alice', {
      rego: 'package approval\n\nrequire contains {"reason": "Alice looks at it"}\n',
      approvers: ['alice'],
      match: { selector: { matchLabels: { use: 'alice' } } },
    });
  });

  const approveAs = (name: string, ...as: readonly string[]) =>
    scene.kubectl(IVAN, 'annotate', 'modelversion', name, `${ANNOTATIONS.approve}=as another`, ...as);

  attack('an impersonator of a user tries to claim a group as well and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    expect(await approveAs(name, '--as', 'alice', '--as-group', 'ml-leads')).toContain('(Forbidden)');
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack(
    'an impersonator of a user tries to approve as of their group and gets a decision that does not count',
    async () => {
      const name = await scene.aWaitingVersion();
      expect(await approveAs(name, '--as', 'alice')).toContain('annotated');
      await expectWaitsFor(scene.mallory, scene, name, ['alice approve, not counted']);
    },
  );

  // For Kubernetes they are that user; only the audit log tells the difference.
  limit('an impersonator of a user tries to approve as that user and gets it counted as theirs', async () => {
    const name = await scene.submit(scene.sam, { metadata: { labels: { use: 'alice' } } });
    expect(await approveAs(name, '--as', 'alice')).toContain('annotated');
    await untilState(scene, name, { stage: 'Production', decisions: ['alice approve'] });
  });
});
