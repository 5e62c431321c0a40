import { afterAll, beforeAll, describe, expect } from 'vitest';
import { API_VERSION, ApprovalPolicy, type ApprovalPolicySpec, GROUP, VERSION } from '../../src/api/index.ts';
import type { KubeRequest } from '../../src/kube/index.ts';
import { until } from '../e2e/until.ts';
import { attack, DONE, limit, refused } from './attack.ts';
import type { Answer, Person } from './person.ts';
import { prepareNeighbour, prepareScene, type Scene } from './scene.ts';
import { decide, expectRefused, expectWaitsFor, stateOf, untilState } from './state.ts';

// Pia writes the policies of the namespace, submits versions to it, and does not hold the verb.
let scene: Scene;
let pia: Person;
beforeAll(async () => {
  scene = await prepareScene();
  pia = await scene.person({ user: 'pia', groups: ['ml-leads'] }, 'assent-policy-author', 'assent-submitter');
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const ALLOW = 'package approval\n\nallow contains "Pia says so"\n';

type PolicyDraft = Partial<Omit<ApprovalPolicySpec, 'modules'>>;

/**
 * Resolves when the operator has seen the policy, which judges the versions that carry its name as the label `team`.
 */
async function putPolicy(name: string, rego: string, draft: PolicyDraft = {}): Promise<Answer> {
  const answer = await pia.send(buildPut('ApprovalPolicy', policyPath(name), name, rego, draft));
  if (answer.kind === 'refused') return answer;
  await until(async () => {
    const { metadata, status } = await readPolicy(name);
    return status?.observedGeneration === metadata.generation;
  }, true);
  return answer;
}

function buildPut(kind: string, path: string, name: string, rego: string, draft: PolicyDraft = {}): KubeRequest {
  const match = { selector: { matchLabels: { team: name } } };
  const spec = { modules: { 'approval.rego': rego }, match, ...draft };
  return {
    method: 'PATCH',
    path,
    contentType: 'application/apply-patch+yaml',
    query: { fieldManager: 'kubectl', force: 'true' },
    body: { apiVersion: API_VERSION, kind, metadata: { name }, spec },
  };
}

async function readPolicy(name: string): Promise<ApprovalPolicy> {
  const answer = await scene.admin.send({ method: 'GET', path: policyPath(name) });
  if (answer.kind === 'refused') throw new Error(answer.message);
  return ApprovalPolicy.parse(answer.object);
}

async function readPolicyErrors(name: string): Promise<readonly string[]> {
  return ((await readPolicy(name)).status?.errors ?? []).map(({ message }) => message);
}

function policyPath(name: string): string {
  return `/apis/${GROUP}/${VERSION}/namespaces/${scene.namespace}/approvalpolicies/${name}`;
}

/** A version of Pia's that the policy and the platform's judge. */
const submitTo = (policy: string): Promise<string> => scene.submit(pia, { metadata: { labels: { team: policy } } });

/** A version that the policy alone judges. */
const submitToOnly = (policy: string): Promise<string> =>
  scene.submit(pia, { metadata: { labels: { team: policy, use: 'nobody-else' } } });

describe("beside the platform's policy", () => {
  attack('a policy author tries to allow everything and gets the platform asked as before', async () => {
    expect(await putPolicy('allow-all', ALLOW)).toEqual(DONE);
    const name = await submitTo('allow-all');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack("a policy author tries a policy of the platform's name and gets both asked", async () => {
    const match = { selector: { matchLabels: { team: 'twin' } } };
    expect(await putPolicy(`${scene.namespace}-people`, ALLOW, { match })).toEqual(DONE);
    const name = await submitTo('twin');
    await expectWaitsFor(scene.alice, scene, name);
    // Beside it another test puts a policy in shadow that matches every version.
    const deciding = (await scene.read(name)).status?.decision?.policies.filter(({ mode }) => mode !== 'Shadow');
    expect(deciding?.map(({ outcome }) => outcome).toSorted()).toEqual(['allow', 'require']);
  });

  attack('a policy author tries to name themselves as approver and gets Forbidden without the verb', async () => {
    expect(await putPolicy('pia-approves', ALLOW, { approvers: ['pia'], required: 1 })).toEqual(DONE);
    const name = await submitTo('pia-approves');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    const approve = () => pia.annotate(name, { 'assent.dev/approve': 'mine' });
    await expectRefused(scene, name, approve, refused('forbidden', 'pia may not decide'));
  });

  attack('a policy author tries to name another approver and gets one more to wait for', async () => {
    expect(await putPolicy('eve-approves', 'package approval\n', { approvers: ['eve'] })).toEqual(DONE);
    const name = await submitTo('eve-approves');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    await decide(scene.eve, name, 'approve');
    await untilState(scene, name, { stage: 'None', decisions: ['eve approve'] });
    await expectWaitsFor(scene.alice, scene, name, ['eve approve']);
  });

  attack('a policy author tries to err into a decision by people and gets the platform asked as before', async () => {
    const rego = 'package approval\n\nallow contains }\n';
    expect(await putPolicy('errs', rego, { failurePolicy: 'Manual', approvers: ['eve'] })).toEqual(DONE);
    const name = await submitTo('errs');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    await decide(scene.eve, name, 'approve');
    await untilState(scene, name, { stage: 'None', decisions: ['eve approve'] });
    await expectWaitsFor(scene.alice, scene, name, ['eve approve']);
  });

  attack("a policy author tries to write the platform's policies and gets Forbidden", async () => {
    const name = `${scene.namespace}-people`;
    const path = `/apis/${GROUP}/${VERSION}/clusterapprovalpolicies/${name}`;
    const answer = await pia.send(buildPut('ClusterApprovalPolicy', path, name, ALLOW));
    expect(answer).toEqual(refused('forbidden', 'cannot patch resource "clusterapprovalpolicies"'));
  });

  attack('a policy author tries a policy for the versions of another namespace and gets no effect there', async () => {
    const match = { namespaceSelector: {} };
    expect(await putPolicy('everywhere', ALLOW, { match, approvers: ['pia'], mode: 'Shadow' })).toEqual(DONE);
    await using elsewhere = await prepareNeighbour();
    await elsewhere.startOperator();
    const name = await elsewhere.aWaitingVersion();
    expect((await elsewhere.read(name)).status?.decision?.policies).toHaveLength(1);
    await expectWaitsFor(elsewhere.alice, elsewhere, name);
  });
});

describe('in place of a policy of the namespace', () => {
  attack('a policy author tries to delete the policy while a version waits and gets a person asked for', async () => {
    expect(await putPolicy('deleted', 'package approval\n', { approvers: ['group:ml-leads'] })).toEqual(DONE);
    const name = await submitToOnly('deleted');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    expect(await pia.send({ method: 'DELETE', path: policyPath('deleted') })).toEqual(DONE);
    await until(async () => (await scene.read(name)).status?.decision?.reasons, ['no policy matches']);
    const approve = () => pia.annotate(name, { 'assent.dev/approve': 'nobody asks' });
    await expectRefused(scene, name, approve, refused('forbidden', 'pia may not decide'));
    await expectWaitsFor(scene.eve, scene, name);
  });

  attack('a policy author tries to shadow the policy while a version waits and gets a person asked for', async () => {
    expect(await putPolicy('shadowed', 'package approval\n', { approvers: ['group:ml-leads'] })).toEqual(DONE);
    const name = await submitToOnly('shadowed');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    expect(await putPolicy('shadowed', ALLOW, { mode: 'Shadow' })).toEqual(DONE);
    await until(async () => (await scene.read(name)).status?.decision?.reasons, ['no policy matches']);
    await expectWaitsFor(scene.eve, scene, name);
  });

  attack('a policy author tries to break the policy while a version waits and gets the last good one', async () => {
    expect(await putPolicy('broken', 'package approval\n', { approvers: ['group:ml-leads'] })).toEqual(DONE);
    const name = await submitToOnly('broken');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    expect(
      await putPolicy('broken', 'package approval\n\nallow contains }', { approvers: ['group:ml-leads'] }),
    ).toEqual(DONE);
    expect(await readPolicyErrors('broken')).not.toEqual([]);
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a policy author tries to loosen the policy after a rejection and gets the rejection', async () => {
    const deny = 'package approval\n\ndeny contains "never"\n';
    expect(await putPolicy('loosened', deny)).toEqual(DONE);
    const name = await submitToOnly('loosened');
    await untilState(scene, name, { reason: 'PolicyDenied' });
    expect(await putPolicy('loosened', ALLOW)).toEqual(DONE);
    const later = await submitToOnly('loosened');
    await untilState(scene, later, { reason: 'AutoApproved' });
    expect(await stateOf(scene, name)).toMatchObject({ stage: 'Archived', reason: 'PolicyDenied' });
  });

  limit('a policy author tries to allow everything where the platform says nothing and gets it allowed', async () => {
    expect(await putPolicy('alone', ALLOW)).toEqual(DONE);
    await untilState(scene, await submitToOnly('alone'), { stage: 'Production', reason: 'AutoApproved' });
  });
});

describe('what a policy answers', () => {
  attack(
    'a policy author tries to answer with an approval of their own making and gets a person asked for',
    async () => {
      const rego =
        'package approval\n\napproved := true\n\ndecision := {"outcome": "Approved"}\n\nstage := "Production"\n';
      expect(await putPolicy('invents', rego, { approvers: ['alice'] })).toEqual(DONE);
      await expectWaitsFor(scene.alice, scene, await submitToOnly('invents'));
    },
  );

  attack('a policy author tries to require zero approvers and gets PolicyError', async () => {
    expect(await putPolicy('zero', 'package approval\n\nrequire contains {"count": 0}\n')).toEqual(DONE);
    await untilState(scene, await submitToOnly('zero'), { stage: 'None', reason: 'PolicyError', moves: [] });
  });

  attack('a policy author tries to name the approvers as a string and gets PolicyError', async () => {
    expect(await putPolicy('string', 'package approval\n\nrequire contains {"approvers": "pia"}\n')).toEqual(DONE);
    await untilState(scene, await submitToOnly('string'), { stage: 'None', reason: 'PolicyError', moves: [] });
  });

  attack('a policy author tries to ask a server of their own and gets a policy that does not compile', async () => {
    const rego =
      'package approval\n\nallow contains "it said yes" if http.send({"method": "get", "url": "http://127.0.0.1/"})\n';
    expect(await putPolicy('asks', rego)).toEqual(DONE);
    expect(await readPolicyErrors('asks')).toEqual([expect.stringContaining('http.send')]);
    await untilState(scene, await submitToOnly('asks'), { stage: 'None', reason: 'PolicyError', moves: [] });
  });

  attack("a policy author tries to write the policy's status and gets Forbidden", async () => {
    expect(await putPolicy('status', ALLOW, { mode: 'Shadow' })).toEqual(DONE);
    const answer = await pia.send({
      method: 'PATCH',
      path: `${policyPath('status')}/status`,
      contentType: 'application/merge-patch+json',
      body: { status: { digest: 'sha256:0' } },
    });
    expect(answer).toEqual(refused('forbidden', 'cannot patch resource "approvalpolicies/status"'));
  });
});
