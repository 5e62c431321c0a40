import type { User } from '../../src/dev/index.ts';
import { sharedCluster } from '../e2e/shared-cluster.ts';
import { type Ground, prepareGround } from './ground.ts';
import type { Draft, Person } from './person.ts';
import { decide, untilState, WAITING } from './state.ts';

export const SAM: User = { user: 'sam', groups: ['data-science'] };
export const ALICE: User = { user: 'alice', groups: ['ml-leads'] };
export const EVE: User = { user: 'eve', groups: ['curious'] };
export const MALLORY: User = { user: 'mallory', groups: ['ml-leads'] };

/** The usual people on a ground, whose platform asks a person of the group ml-leads to approve every version. */
export interface Scene extends Ground {
  /** Submits and edits versions, and may not approve them. */
  readonly sam: Person;
  /** Approves versions: she is of the group ml-leads. */
  readonly alice: Person;
  /** May approve versions by RBAC, and no policy names her. */
  readonly eve: Person;
  /** Submits versions and is of the group ml-leads as well. */
  readonly mallory: Person;
  /** A version of Sam's that the operator has looked at. */
  aWaitingVersion(draft?: Draft): Promise<string>;
  /** A version of Sam's that Alice has approved, and the operator has moved. */
  anApprovedVersion(draft?: Draft): Promise<string>;
}

/** Other policies judge the versions that carry the label `use`. */
export async function prepareScene(cluster = sharedCluster(), options = {}): Promise<Scene> {
  const ground = await prepareGround(cluster, options);
  const [sam, alice, eve, mallory] = await Promise.all([
    ground.person(SAM, 'assent-submitter'),
    ground.person(ALICE, 'assent-approver'),
    ground.person(EVE, 'assent-approver'),
    ground.person(MALLORY, 'assent-submitter', 'assent-approver'),
    ground.applyPlatformPolicy('people', {
      rego: 'package approval\n\nrequire contains {"reason": "a person looks at every version"}\n',
      approvers: ['group:ml-leads'],
      match: { selector: { matchExpressions: [{ key: 'use', operator: 'DoesNotExist' }] } },
    }),
  ]);
  const aWaitingVersion: Scene['aWaitingVersion'] = async (draft) => {
    const name = await ground.submit(sam, draft);
    await untilState(ground, name, WAITING);
    return name;
  };
  return {
    ...ground,
    sam,
    alice,
    eve,
    mallory,
    aWaitingVersion,
    async anApprovedVersion(draft) {
      const name = await aWaitingVersion(draft);
      await decide(alice, name, 'approve');
      await untilState(ground, name, { stage: 'Production', reason: 'ManuallyApproved' });
      return name;
    },
  };
}

/** The same people in another namespace of the cluster on which a scene stands already. */
export function prepareNeighbour(): Promise<Scene> {
  return prepareScene(sharedCluster(), { installed: true });
}
