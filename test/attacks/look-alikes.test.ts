import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { sharedCluster } from '../e2e/shared-cluster.ts';
import { attack, refused } from './attack.ts';
import type { Person } from './person.ts';
import { ALICE, prepareNeighbour, prepareScene, SAM, type Scene } from './scene.ts';
import { decide, expectRefused, expectWaitsFor } from './state.ts';

// All of these hold the verb, and no policy names them: what they try is to be taken for whom it names.
let scene: Scene;
let robot: Person;
beforeAll(async () => {
  scene = await prepareScene();
  robot = await scene.serviceAccount('robot', 'assent-approver');
  await scene.applyPlatformPolicy('named', {
    rego: 'package approval\n\nrequire contains {"reason": "Alice or the robot looks at it"}\n',
    approvers: ['alice', `serviceaccount:${scene.namespace}:robot`],
    match: { selector: { matchLabels: { use: 'named' } } },
  });
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

/** Their decision is recorded under their own name and does not count; the right person's then does. */
async function expectTakenForThemselves(
  { user, groups = [] }: { readonly user: string; readonly groups?: readonly string[] },
  { use, right = scene.alice }: { readonly use?: 'named'; readonly right?: Person } = {},
): Promise<void> {
  const name = await scene.aWaitingVersion(use ? { metadata: { labels: { use } } } : {});
  const impostor = await scene.person({ user, groups }, 'assent-approver');
  await decide(impostor, name, 'approve', 'it is me');
  await expectWaitsFor(right, scene, name, [`${user} approve, not counted`]);
}

describe('names of other kinds', () => {
  attack('a user named group:ml-leads tries to approve and gets taken for themselves', () =>
    expectTakenForThemselves({ user: 'group:ml-leads' }),
  );

  attack('a user named ml-leads tries to approve and gets taken for themselves', () =>
    expectTakenForThemselves({ user: 'ml-leads' }),
  );

  attack('a user of a group named group:ml-leads tries to approve and gets taken for themselves', () =>
    expectTakenForThemselves({ user: 'greta', groups: ['group:ml-leads'] }),
  );

  attack('a user of a group named alice tries to approve and gets taken for themselves', () =>
    expectTakenForThemselves({ user: 'zoe', groups: ['alice'] }, { use: 'named' }),
  );

  attack('a user named serviceaccount:NAMESPACE:NAME tries to approve and gets taken for themselves', () =>
    expectTakenForThemselves({ user: `serviceaccount:${scene.namespace}:robot` }, { use: 'named', right: robot }),
  );

  attack('a service account of that name elsewhere tries to approve and gets taken for itself', async () => {
    await using elsewhere = await prepareNeighbour();
    const other = await elsewhere.serviceAccount('robot');
    await scene.person({ user: other.user, groups: [] }, 'assent-approver');
    const name = await scene.aWaitingVersion({ metadata: { labels: { use: 'named' } } });
    const metadata = { annotations: { [ANNOTATIONS.approve]: 'the same name' } };
    const path = scene.sam.path(name);
    const contentType = 'application/merge-patch+json';
    await other.send({ method: 'PATCH', path, contentType, body: { metadata } });
    await expectWaitsFor(robot, scene, name, [`${other.user} approve, not counted`]);
  });
});

describe('names that resemble', () => {
  attack('a user named Alice tries to approve for alice and gets taken for themselves', () =>
    expectTakenForThemselves({ user: 'Alice' }, { use: 'named' }),
  );

  attack('a user named alice,bob tries to approve for either and gets taken for themselves', () =>
    expectTakenForThemselves({ user: 'alice,bob' }, { use: 'named' }),
  );

  attack('a user whose name ends like a stamp tries to approve for alice and gets taken for themselves', () =>
    expectTakenForThemselves(
      { user: 'alice","groups":["ml-leads"],"generation":1,"verdict":"approve"}' },
      { use: 'named' },
    ),
  );

  attack('a user whose group continues the stamp tries to approve for the group and gets taken for themselves', () =>
    expectTakenForThemselves({ user: 'quentin', groups: ['x","ml-leads', '],"groups":["ml-leads'] }),
  );

  attack('a user whose name is JSON tries to approve and gets taken for themselves', () =>
    expectTakenForThemselves({ user: '{"user":"alice","groups":["ml-leads"]}' }, { use: 'named' }),
  );
});

// A client certificate holds any name; the headers that impersonation needs do not hold these.
describe.runIf(sharedCluster().folder)('names of other characters', () => {
  attack('a user named alice with a Cyrillic letter tries to approve and gets taken for themselves', () =>
    expectTakenForThemselves({ user: '\u0430lice' }, { use: 'named' }),
  );

  attack('a user whose name holds control characters tries to approve and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const bell = await scene.person({ user: 'alice\u0007', groups: ['ml-leads'] }, 'assent-approver');
    const approve = () => bell.annotate(name, { [ANNOTATIONS.approve]: 'ring' });
    await expectRefused(scene, name, approve, refused('forbidden', 'holds control characters'));
  });
});

// On a cluster of one's own the tests' users are impersonated already, by somebody who may.
describe.runIf(sharedCluster().folder)('impersonation without the right to it', () => {
  const impersonate = (user: typeof SAM, name: string, ...as: readonly string[]) =>
    scene.kubectl(user, 'annotate', 'modelversion', name, `${ANNOTATIONS.approve}=as another`, ...as);

  attack('a submitter tries to approve --as alice and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    expect(await impersonate(SAM, name, '--as', 'alice')).toContain('(Forbidden)');
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to approve --as-group system:masters and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const said = await impersonate(SAM, name, '--as', 'sam', '--as-group', 'system:masters');
    expect(said).toContain('(Forbidden)');
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('an approver tries to approve a second time --as another and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    expect(await impersonate(ALICE, name, '--as', 'bob')).toContain('(Forbidden)');
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to write a status --as the operator and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const status = ['--subresource', 'status', '--type', 'merge', '--patch', '{"status":{"stage":"Production"}}'];
    const operator = 'system:serviceaccount:assent-system:assent-operator';
    const said = await scene.kubectl(SAM, 'patch', 'modelversion', name, ...status, '--as', operator);
    expect(said).toContain('(Forbidden)');
    await expectWaitsFor(scene.alice, scene, name);
  });
});
