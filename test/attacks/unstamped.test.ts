import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ADMISSION_NAMES, buildAdmissionManifests } from '../../src/admission/index.ts';
import { ANNOTATIONS, type Verdict } from '../../src/api/index.ts';
import { type ControlPlane, startControlPlane, type User } from '../../src/dev/index.ts';
import { until } from '../e2e/until.ts';
import { attack, DONE, limit, refused } from './attack.ts';
import { type Answer, type Person, versionIn } from './person.ts';
import { ALICE, EVE, MALLORY, prepareScene, SAM, type Scene } from './scene.ts';
import { expectNoSuch, expectRefused, stateOf, untilState, WAITING } from './state.ts';

// Kubernetes before 1.36 has no MutatingAdmissionPolicy: clients write the stamps, and the checking policies alone must
// hold. A control plane of its own, as its admission policies are taken away.
let controlPlane: ControlPlane;
let scene: Scene;
/** A version with a forged approval, written while nothing was checked. */
let planted: string;

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const BINDING = `${ADMISSION}/validatingadmissionpolicybindings/${ADMISSION_NAMES.decisions}`;

beforeAll(async () => {
  controlPlane = await startControlPlane({});
  scene = await prepareScene(controlPlane);
  await scene.applyPlatformPolicy('separate', {
    rego: 'package approval\n\nrequire contains {"reason": "somebody else looks at it"}\n',
    approvers: ['group:ml-leads'],
    separationOfDuties: true,
    match: { selector: { matchLabels: { use: 'separate' } } },
  });
  await scene.applyPlatformPolicy('only-alice', {
    rego: 'package approval\n\nallow contains "from Alice" if input.submitter.user == "alice"\n',
    approvers: ['group:ml-leads'],
    match: { selector: { matchLabels: { use: 'only-alice' } } },
  });
  await scene.applyPlatformPolicy('not-sam', {
    rego: 'package approval\n\ndeny contains "from Sam" if input.submitter.user == "sam"\n\nallow contains "from another"\n',
    match: { selector: { matchLabels: { use: 'not-sam' } } },
  });
  for (const kind of ['mutatingadmissionpolicybindings', 'mutatingadmissionpolicies'])
    expect(await remove(`${ADMISSION}/${kind}/${ADMISSION_NAMES.stamps}`)).toEqual(DONE);
  await until(async () => annotationsOf(await scene.submit(scene.sam)), {});

  planted = await scene.submit(scene.sam);
  expect(await remove(BINDING)).toEqual(DONE);
  await until(() => decideAs(scene.sam, ALICE, planted, 'approve', 'planted'), DONE);
  await applyDecisionBinding();
  const approval = { metadata: { annotations: { [ANNOTATIONS.approve]: 'another' } } };
  await until(() => scene.sam.merge(planted, approval, { query: { dryRun: 'All' } }), NO_VERB);
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
});

const remove = (path: string): Promise<Answer> => scene.admin.send({ method: 'DELETE', path });

async function applyDecisionBinding(): Promise<void> {
  const binding = buildAdmissionManifests().find(
    ({ kind, spec }) =>
      kind === 'ValidatingAdmissionPolicyBinding' && JSON.stringify(spec).includes(ADMISSION_NAMES.decisions),
  );
  await scene.apply({ ...binding });
}

async function annotationsOf(name: string): Promise<Readonly<Record<string, string>>> {
  return (await scene.read(name)).metadata.annotations ?? {};
}

/** The stamp of a request of this user, as the client or a forger writes it. */
const stampOf = ({ user, groups }: User, generation: number, verdict?: Verdict): string =>
  JSON.stringify({ user, groups: [...groups, 'system:authenticated'], generation, verdict });

/** Writes a decision with the stamp of `as`, whoever sends it. */
const decideAs = (by: Person, as: User, name: string, verdict: Verdict, reason: string, generation = 1) =>
  by.annotate(name, {
    [ANNOTATIONS[verdict]]: reason,
    [ANNOTATIONS.decidedBy]: stampOf(as, generation, verdict),
  });

const aliceDecides = (name: string, verdict: Verdict = 'approve') =>
  decideAs(scene.alice, ALICE, name, verdict, `Alice looked at ${name}`);

async function anApprovedVersion(): Promise<string> {
  const name = await scene.aWaitingVersion();
  expect(await aliceDecides(name)).toEqual(DONE);
  await untilState(scene, name, { stage: 'Production', reason: 'ManuallyApproved' });
  return name;
}

const NO_VERB = refused('forbidden', 'sam may not decide: that needs the RBAC verb approve');
const NOT_THE_STAMP = refused('forbidden', 'must be the stamp of this request');
const DECISION_NEVER_EDITED = refused('forbidden', 'decided-by says who decided and is never edited');
const SUBMISSION_NEVER_EDITED = refused('forbidden', 'submitted-by says who submitted the spec and is never edited');

describe('where clients stamp and a decision is not recorded', () => {
  attack('a submitter tries to dodge an unrecorded rejection where clients stamp and gets told to wait', async () => {
    const name = await scene.submit(scene.sam);
    expect(await aliceDecides(name, 'reject')).toEqual(DONE);
    const change = () => scene.sam.merge(name, { spec: { metrics: { accuracy: 0.99 } } });
    await expectRefused(scene, name, change, refused('invalid', 'the spec cannot change before that: try again'));
  });

  attack('a submitter tries to remove an unrecorded approval where clients stamp and gets told to wait', async () => {
    const name = await scene.submit(scene.sam);
    expect(await aliceDecides(name)).toEqual(DONE);
    const removal = () => scene.sam.annotate(name, { [ANNOTATIONS.approve]: null });
    await expectRefused(scene, name, removal, refused('invalid', 'is not recorded yet: try again in a moment'));
  });
});

describe('where clients stamp and the operator runs', () => {
  beforeAll(async () => {
    await scene.startOperator();
  });

  attack('a submitter tries to approve with their own stamp where clients stamp and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    await expectRefused(scene, name, () => decideAs(scene.sam, SAM, name, 'approve', 'let me'), NO_VERB);
  });

  attack("a submitter tries to approve with an approver's stamp where clients stamp and gets Forbidden", async () => {
    const name = await scene.aWaitingVersion();
    await expectRefused(scene, name, () => decideAs(scene.sam, ALICE, name, 'approve', 'let me'), NO_VERB);
  });

  attack('a submitter tries to create an approved version where clients stamp and gets Forbidden', async () => {
    const annotations = { [ANNOTATIONS.approve]: 'mine', [ANNOTATIONS.decidedBy]: stampOf(ALICE, 1, 'approve') };
    expect(await scene.sam.create({ metadata: { name: 'born-approved', annotations } })).toEqual(NO_VERB);
    await expectNoSuch(scene, 'born-approved');
  });

  attack(
    'a submitter tries to create a version with a forged stamp where clients stamp and gets Forbidden',
    async () => {
      const annotations = { [ANNOTATIONS.decidedBy]: stampOf(ALICE, 1, 'approve') };
      const answer = await scene.sam.create({ metadata: { name: 'born-stamped', annotations } });
      expect(answer).toEqual(DECISION_NEVER_EDITED);
      await expectNoSuch(scene, 'born-stamped');
    },
  );

  attack('a submitter tries to set a stamp by hand where clients stamp and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const set = () => scene.sam.annotate(name, { [ANNOTATIONS.decidedBy]: stampOf(ALICE, 1, 'approve') });
    await expectRefused(scene, name, set, DECISION_NEVER_EDITED);
  });

  attack(
    'a submitter tries to plant a stamp with a change of the spec where clients stamp and gets Forbidden',
    async () => {
      const name = await scene.aWaitingVersion();
      const metadata = { annotations: { [ANNOTATIONS.decidedBy]: stampOf(ALICE, 2, 'approve') } };
      const change = () => scene.sam.merge(name, { metadata, spec: { metrics: { accuracy: 0.99 } } });
      await expectRefused(scene, name, change, DECISION_NEVER_EDITED);
    },
  );

  attack(
    'a submitter tries to copy stamp and reason of another version where clients stamp and gets Forbidden',
    async () => {
      const [approved, name] = await Promise.all([anApprovedVersion(), scene.aWaitingVersion()]);
      const annotations = await annotationsOf(approved);
      await expectRefused(scene, name, () => scene.sam.annotate(name, annotations), NO_VERB);
    },
  );

  attack('a submitter tries to edit the reason of an approval where clients stamp and gets Forbidden', async () => {
    const name = await anApprovedVersion();
    const edit = () => scene.sam.annotate(name, { [ANNOTATIONS.approve]: 'all is well' });
    await expectRefused(scene, name, edit, NO_VERB);
  });

  attack('a submitter tries to remove a stamp where clients stamp and gets Forbidden', async () => {
    const name = await anApprovedVersion();
    const removal = () => scene.sam.annotate(name, { [ANNOTATIONS.decidedBy]: null });
    await expectRefused(scene, name, removal, DECISION_NEVER_EDITED);
  });

  attack('a submitter tries to keep an approval of other content where clients stamp and gets it voided', async () => {
    const name = await anApprovedVersion();
    expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.1 } } })).toEqual(DONE);
    await untilState(scene, name, { reason: 'AwaitingApproval', decisions: ['alice approve, not counted'] });
  });

  attack('an approver tries to approve with the stamp of another where clients stamp and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    await expectRefused(scene, name, () => decideAs(scene.eve, ALICE, name, 'approve', 'as Alice'), NOT_THE_STAMP);
  });

  attack('an approver tries to add a group to their stamp where clients stamp and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const promoted = { ...EVE, groups: [...EVE.groups, 'ml-leads'] };
    await expectRefused(scene, name, () => decideAs(scene.eve, promoted, name, 'approve', 'promoted'), NOT_THE_STAMP);
  });

  attack('an approver tries to approve the next generation ahead where clients stamp and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const ahead = () => decideAs(scene.alice, ALICE, name, 'approve', 'whatever comes', 2);
    await expectRefused(scene, name, ahead, NOT_THE_STAMP);
  });

  attack('an approver tries to approve without a stamp where clients stamp and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const approve = () => scene.alice.annotate(name, { [ANNOTATIONS.approve]: 'unstamped' });
    await expectRefused(scene, name, approve, NOT_THE_STAMP);
  });

  attack('an approver tries to approve with a change of the spec where clients stamp and gets Invalid', async () => {
    const name = await scene.aWaitingVersion();
    const annotations = { [ANNOTATIONS.approve]: 'so', [ANNOTATIONS.decidedBy]: stampOf(ALICE, 2, 'approve') };
    const change = () => scene.alice.merge(name, { metadata: { annotations }, spec: { stage: 'Staging' } });
    await expectRefused(scene, name, change, refused('invalid', 'change the spec in one request'));
  });

  attack('a submitter tries to claim another submitter where clients stamp and gets Forbidden', async () => {
    const annotations = { [ANNOTATIONS.submittedBy]: stampOf(ALICE, 1) };
    const answer = await scene.sam.create({ metadata: { name: 'by-another', annotations } });
    expect(answer).toEqual(SUBMISSION_NEVER_EDITED);
    await expectNoSuch(scene, 'by-another');
  });

  attack(
    'a submitter with the verb tries to be unknown where clients stamp and gets an approval not counted',
    async () => {
      const name = await scene.submit(scene.mallory, { metadata: { labels: { use: 'separate' } } });
      expect(await decideAs(scene.mallory, MALLORY, name, 'approve', 'whose is it?')).toEqual(DONE);
      await untilState(scene, name, { ...WAITING, decisions: ['mallory approve, not counted'] });
    },
  );

  attack(
    "a submitter with the verb tries to hide behind another's stamp where clients stamp and gets an approval not counted",
    async () => {
      const metadata = { labels: { use: 'separate' }, annotations: { [ANNOTATIONS.submittedBy]: stampOf(SAM, 1) } };
      const name = await scene.submit(scene.sam, { metadata });
      const changed = await scene.mallory.merge(name, { spec: { metrics: { accuracy: 0.99 } } });
      expect(versionIn(changed).metadata.annotations).toEqual(metadata.annotations);
      expect(await decideAs(scene.mallory, MALLORY, name, 'approve', 'by Sam, is it not?', 2)).toEqual(DONE);
      await untilState(scene, name, { ...WAITING, decisions: ['mallory approve, not counted'] });
    },
  );

  attack(
    'a submitter tries to be unknown to a rule that allows one where clients stamp and gets asked for a person',
    async () => {
      const name = await scene.submit(scene.sam, { metadata: { labels: { use: 'only-alice' } } });
      await untilState(scene, name, WAITING);
    },
  );

  // Say who may, not who may not: where clients stamp, whoever wants to be unknown is.
  limit('a submitter tries to be unknown to a rule that denies one where clients stamp and gets past it', async () => {
    const name = await scene.submit(scene.sam, { metadata: { labels: { use: 'not-sam' } } });
    await untilState(scene, name, { stage: 'Production', reason: 'AutoApproved' });
  });

  // A stamp that was written while nobody checked looks like any other to an operator that starts later.
  attack('a submitter tries to plant an approval while nothing is installed and gets it not counted', async () => {
    await untilState(scene, planted, { decisions: [expect.stringContaining('alice approve')] });
    expect(await stateOf(scene, planted)).toEqual({ ...WAITING, decisions: ['alice approve, not counted'] });
  });
});

describe('where the admission policies are weakened', () => {
  attack('a cluster admin tries to make the checking policy only warn and gets approvals not honoured', async () => {
    const name = await scene.aWaitingVersion();
    expect(
      await scene.admin.send({
        method: 'PATCH',
        path: BINDING,
        contentType: 'application/merge-patch+json',
        body: { spec: { validationActions: ['Warn'] } },
      }),
    ).toEqual(DONE);
    await until(() => decideAs(scene.sam, ALICE, name, 'approve', 'forged'), DONE);
    await untilState(scene, name, { ...WAITING, decisions: ['alice approve, not counted'] });
    const { conditions } = (await scene.read(name)).status ?? {};
    expect(conditions?.find(({ type }) => type === 'ApprovalsVerified')).toMatchObject({
      status: 'False',
      reason: 'ApprovalsUnverified',
    });
  });
});
