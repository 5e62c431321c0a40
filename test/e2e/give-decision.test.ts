import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { type DecisionRequest, giveDecision } from '../../src/cli/decide/give-decision.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { type Cluster, type KubeRequest, loadCluster } from '../../src/kube/index.ts';
import { type AdmissionCluster, assertOk, installAdmission, patch } from './admission-cluster.ts';
import { sharedCluster } from './shared-cluster.ts';

// No operator runs here: what is recorded, and when, is up to the test.
let cluster: AdmissionCluster;
let bob: Cluster;
beforeAll(async () => {
  cluster = await installAdmission();
  const user = { user: 'bob', groups: ['risk'] };
  await cluster.as(user, 'assent-approver');
  bob = loadCluster({ kubeconfig: await kubeconfigFor(sharedCluster(), user) });
});
afterAll(() => bob?.[Symbol.asyncDispose]());

interface Moments {
  /** Right before the first request that writes. */
  readonly beforeWrite?: () => Promise<void>;
  /** When a request that writes was refused for the first time. */
  readonly afterRefusal?: () => Promise<void>;
}

/** Bob decides, and something happens meanwhile. */
async function decide(name: string, moments: Moments, request: Partial<DecisionRequest> = {}) {
  const { beforeWrite, afterRefusal } = onceEach(moments);
  const watched: Cluster = {
    ...bob,
    async request(sent: KubeRequest) {
      if (sent.method !== 'PATCH') return bob.request(sent);
      await beforeWrite();
      try {
        return await bob.request(sent);
      } catch (error) {
        await afterRefusal();
        throw error;
      }
    },
  };
  const decision = { namespace: cluster.namespace, name, verdict: 'approve', reason: 'ok', ...request } as const;
  return giveDecision(watched, decision, AbortSignal.timeout(30_000));
}

function onceEach({ beforeWrite, afterRefusal }: Moments): Required<Moments> {
  const once = (action: (() => Promise<void>) | undefined) => {
    let left = action;
    return async () => {
      const now = left;
      left = undefined;
      await now?.();
    };
  };
  return { beforeWrite: once(beforeWrite), afterRefusal: once(afterRefusal) };
}

const approveAsAlice = async (name: string, reason: string) => {
  const args = ['annotate', '--overwrite', 'modelversion', name, `${ANNOTATIONS.approve}=${reason}`];
  assertOk(await cluster.approver(args));
};
const change = async (name: string) => {
  assertOk(await cluster.submitter(patch(name, { spec: { metrics: { accuracy: 0.1 } } })));
};
const createAgain = async (name: string) => {
  assertOk(await cluster.admin(['delete', 'modelversion', name]));
  await cluster.submit({ name });
};
const deciderOf = async (name: string) =>
  JSON.parse((await cluster.read(name)).metadata.annotations?.[ANNOTATIONS.decidedBy] ?? '{}').user;

describe('while a decision waits for an earlier one,', () => {
  const submitDecided = async () => {
    const name = await cluster.submit();
    await approveAsAlice(name, 'first');
    return name;
  };

  test('it is given as soon as that is recorded', async () => {
    const name = await submitDecided();
    const afterRefusal = async () => void assertOk(await cluster.record(name));
    expect(await decide(name, { afterRefusal })).toMatchObject({ kind: 'given', lookedAt: 1 });
    expect(await deciderOf(name)).toBe('bob');
  });

  test('a version that is created again is not decided unseen', async () => {
    const name = await submitDecided();
    await expect(decide(name, { afterRefusal: () => createAgain(name) })).rejects.toThrow(
      `${name} was deleted and created again: look at the new one before you approve it`,
    );
    expect(await deciderOf(name)).toBeUndefined();
  });

  test('a version that is changed is not decided unseen', async () => {
    const name = await submitDecided();
    await expect(decide(name, { afterRefusal: () => change(name) })).rejects.toThrow(
      `the spec of ${name} is at generation 2, not 1: look at it before you approve it`,
    );
    expect(await deciderOf(name)).toBe('alice');
  });
});

test('who must give a decision again, as the admission policies were not in force, must find other words', async () => {
  const name = await cluster.submit();
  await decide(name, {});
  assertOk(await cluster.record(name, { verified: false, counted: false }));
  await expect(decide(name, {})).rejects.toThrow('the same is not recorded twice');
  expect(await decide(name, {}, { reason: 'again' })).toMatchObject({ kind: 'given' });
});

describe('in the moment between the look and the decision,', () => {
  test('a version that is created again is not decided: the API server compares the uid', async () => {
    const name = await cluster.submit();
    await expect(decide(name, { beforeWrite: () => createAgain(name) })).rejects.toThrow('deleted and created again');
    expect(await deciderOf(name)).toBeUndefined();
  });

  test('a version that is changed is not decided by who names the generation', async () => {
    const name = await cluster.submit();
    await expect(decide(name, { beforeWrite: () => change(name) }, { generation: 1 })).rejects.toThrow(
      'is at generation 2, not 1',
    );
    expect(await deciderOf(name)).toBeUndefined();
  });

  test('a version that is changed is told to who does not', async () => {
    const name = await cluster.submit();
    const given = await decide(name, { beforeWrite: () => change(name) });
    expect(given).toMatchObject({ kind: 'given', lookedAt: 1, version: { metadata: { generation: 2 } } });
  });

  test('a label that is written stops nobody, and who names the generation tries again', async () => {
    const label = (name: string) => async () =>
      void assertOk(await cluster.admin(['label', 'modelversion', name, 'team=risk']));
    for (const request of [{}, { generation: 1 }]) {
      const name = await cluster.submit();
      expect(await decide(name, { beforeWrite: label(name) }, request)).toMatchObject({ kind: 'given' });
      expect((await cluster.read(name)).metadata.labels).toMatchObject({ team: 'risk' });
    }
  });

  test('somebody who gives the same decision in the same words does not swallow it', async () => {
    const name = await cluster.submit();
    const given = await decide(name, {
      beforeWrite: () => approveAsAlice(name, 'ok'),
      afterRefusal: async () => void assertOk(await cluster.record(name)),
    });
    expect(given).toMatchObject({ kind: 'given', stamp: expect.stringContaining('"user":"bob"') });
    expect(await deciderOf(name)).toBe('bob');
  });
});
