import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { allows, aScene, denies, requires, type Scene } from '../../test/a-snapshot.ts';
import type { ModelVersion, ModelVersionStatus } from '../api/index.ts';
import { buildDecisionStatement } from './decision-statement.ts';
import { buildInvalidStatus } from './invalid-status.ts';
import { publicKeyId } from './public-key-id.ts';
import { verifySignature, verifyStatus } from './verify-version.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keyId = publicKeyId(publicKey);
const keys = new Map([[keyId, publicKey]]);

const versionOf = ({ snapshot }: Scene): ModelVersion => snapshot.modelVersion;

/** Approved by alice, changed, approved again, revoked: three moves and three records. */
const lived = aScene()
  .withPolicy('people', requires('alice', 'bob'))
  .decidedBy('alice', 'approve', 'looked at it')
  .applied()
  .after(1_000)
  .withSpec({ stage: 'Staging' })
  .applied()
  .decidedBy('bob', 'approve', 'again')
  .applied()
  .after(1_000)
  .decidedBy('alice', 'revoke', 'a bug')
  .applied();

const approved = aScene().withPolicy('good', allows()).applied();
const madeWay = approved.after(1_000).with({ supersededBy: 'fraud-8' }).applied().with({ supersededBy: null });
const asksForNothing = aScene().withSpec({ stage: 'None' }).withPolicy('good', allows()).applied();
const keptInProduction = aScene()
  .withPolicy('good', allows(), { onReject: 'Keep' })
  .applied()
  .withSpec({ metrics: { accuracy: 0.1 } })
  .withPolicy('bad', denies(), { onReject: 'Keep' })
  .applied();
const expired = aScene()
  .withPolicy('people', requires('alice'), { pendingTimeout: '1h' })
  .applied()
  .after(3_600_000)
  .applied();
const { modelVersion: changed, now } = approved.withSpec({ metrics: { accuracy: 0.1 } }).snapshot;
const invalid = approved.with({
  modelVersion: {
    ...changed,
    status: buildInvalidStatus(changed, ['spec.stage'], { approvalsVerified: true, now }) ?? {},
  },
});

function withStatus(version: ModelVersion, change: (status: ModelVersionStatus) => void): ModelVersion {
  const copy = structuredClone(version);
  change(copy.status ?? {});
  return copy;
}

function signed(version: ModelVersion): ModelVersion {
  const statement = buildDecisionStatement(version, version.status ?? {});
  if (!statement) throw new Error('nothing to sign');
  const value = sign(null, statement.toSign, privateKey).toString('base64');
  return withStatus(version, ({ decision }) => Object.assign(decision ?? {}, { signature: { keyId, value } }));
}

it.each([
  ['new', aScene()],
  ['waiting', aScene().withPolicy('people', requires('alice')).applied()],
  ['approved by a policy', aScene().withPolicy('good', allows()).applied()],
  ['approved, changed, approved again and revoked', lived],
  ['rejected by a policy', aScene().withPolicy('bad', denies()).applied()],
  ['rejected by a policy that keeps its stage', keptInProduction],
  ['rejected, kept and superseded', keptInProduction.after(1_000).with({ supersededBy: 'fraud-8' }).applied()],
  [
    'rejected by a person',
    aScene().withPolicy('people', requires('alice')).decidedBy('alice', 'reject', 'no').applied(),
  ],
  ['expired', expired],
  ['held up by a policy that fails', aScene().withFailingPolicy('slow', 'too slow').applied()],
  [
    'approved, changed and waiting',
    approved.withSpec({ stage: 'Staging' }).withPolicy('people', requires('a')).applied(),
  ],
  ['approved, changed and not yet looked at', approved.withSpec({ stage: 'Staging' })],
  ['asking for no stage', asksForNothing],
  ['asking for no stage, and revoked', asksForNothing.decidedBy('alice', 'revoke', 'a bug').applied()],
  ['taken out of its stage', approved.withSpec({ stage: 'None' }).applied()],
  [
    'taken out of its stage, and revoked',
    approved.withSpec({ stage: 'None' }).applied().decidedBy('a', 'revoke', 'b').applied(),
  ],
  [
    'long out of its stage, and revoked',
    approved
      .withSpec({ stage: 'None' })
      .applied()
      .withSpec({ metrics: {} })
      .applied()
      .decidedBy('a', 'revoke', 'b')
      .applied(),
  ],
  ['superseded, and revoked', madeWay.decidedBy('alice', 'revoke', 'a bug').applied()],
  ['stored with a spec that the schemas refuse', invalid],
  ['superseded', aScene().withPolicy('good', allows()).applied().with({ supersededBy: 'fraud-8' }).applied()],
])('a version that is %s fits itself', (_, scene) => {
  expect(verifyStatus(versionOf(scene))).toBeNull();
});

it.each<[string, string, (status: ModelVersionStatus) => void]>([
  [
    'the oldest move',
    'status.history[1]',
    ({ history }) => Object.assign(history?.[2] ?? {}, { reason: 'AutoApproved' }),
  ],
  ['a move in the middle', 'status.history[0]', ({ history }) => Object.assign(history?.[1] ?? {}, { at: 'never' })],
  ['a move that is cut out', 'status.history[0]', ({ history }) => history?.splice(1, 1)],
  ['the stage', 'status.stage', (status) => Object.assign(status, { stage: 'Production' })],
  ['who approved', 'status.approvals[0]', ({ approvals }) => Object.assign(approvals?.[0] ?? {}, { user: 'bob' })],
  [
    'an approval that is made to count',
    'status.approvals[0]',
    ({ approvals }) => Object.assign(approvals?.[0] ?? {}, { counted: true, uid: 'another' }),
  ],
  [
    'what was approved',
    'status.approvals[1]',
    ({ approvals }) => Object.assign(approvals?.[1] ?? {}, { specDigest: `sha256:${'0'.repeat(64)}` }),
  ],
  [
    'the decision of a move',
    'status.history[0]',
    ({ history }) => Object.assign(history?.[0] ?? {}, { decisionId: 'x' }),
  ],
  [
    'why it was revoked',
    'status.decision',
    ({ approvals }) => Object.assign(approvals?.[2] ?? {}, { reason: 'no bug' }),
  ],
])('%s, when it is changed, is the entry that does not fit', (_, entry, change) => {
  expect(verifyStatus(withStatus(versionOf(lived), change))).toMatchObject({ entry });
});

it('a rejection that keeps the stage is a move that stays', () => {
  expect(versionOf(keptInProduction).status).toMatchObject({
    stage: 'Production',
    history: [{ from: 'Production', to: 'Production', reason: 'PolicyDenied' }, {}],
  });
});

const NEWEST = 'status.history[0]';
const APPROVED = 'status.conditions[Approved]';

it.each<[string, Scene, string, object]>([
  ['outcome', approved, NEWEST, { outcome: 'Rejected' }],
  ['reason', approved, NEWEST, { reason: 'ManuallyApproved' }],
  ['reason and outcome', approved, NEWEST, { reason: 'PolicyDenied', outcome: 'Rejected' }],
  ['reason, to that of no move', approved, NEWEST, { reason: 'AwaitingApproval' }],
  ['reason, to that of another move', approved, NEWEST, { reason: 'Superseded' }],
  ['time', approved, NEWEST, { at: '2020-01-01T00:00:00.000Z' }],
  ['generation', approved, NEWEST, { generation: 7 }],
  ['generation and decision', approved, NEWEST, { generation: 7, decisionId: 'x' }],
  ['stage, with that of the status', approved, NEWEST, { to: 'Staging' }],
  ['reason of a rejection', aScene().withPolicy('bad', denies()).applied(), NEWEST, { reason: 'Expired' }],
  ['reason of what expired', expired, NEWEST, { reason: 'PolicyDenied' }],
  ['reason of a revocation', lived, NEWEST, { reason: 'RejectedByApprover' }],
  ['stage of a revocation', lived, NEWEST, { to: 'Production' }],
  ['stage of a rejection', keptInProduction, NEWEST, { to: 'Staging' }],
  ['outcome of what made way', madeWay, NEWEST, { outcome: 'Rejected' }],
  ['reason of what made way', madeWay, NEWEST, { reason: 'AutoApproved' }],
  ['time of what made way', madeWay, NEWEST, { at: '2020-01-01T00:00:00.000Z' }],
  ['stage of what made way', madeWay, NEWEST, { to: 'Production' }],
])('the newest move does not fit with another %s', (_, scene, entry, change) => {
  const version = withStatus(versionOf(scene), (status) => {
    const [newest] = status.history ?? [];
    Object.assign(newest ?? {}, change);
    Object.assign(status, { stage: newest?.to });
  });
  expect(verifyStatus(version)).toMatchObject({ entry });
});

it.each<[string, Scene, string, object]>([
  ['Approved', approved, APPROVED, { status: 'False' }],
  ['Approved', approved, APPROVED, { reason: 'ManuallyApproved' }],
  ['Approved', approved, APPROVED, { status: 'False', reason: 'PolicyDenied' }],
  ['Approved', approved, APPROVED, { type: 'Unapproved' }],
  ['Approved', lived, APPROVED, { status: 'True', reason: 'ManuallyApproved' }],
  ['Approved', lived, APPROVED, { reason: 'RejectedByApprover' }],
  ['Approved', expired, APPROVED, { status: 'True', reason: 'AutoApproved' }],
  ['Approved', aScene().withPolicy('people', requires('alice')).applied(), APPROVED, { status: 'True' }],
  ['Ready', lived, 'status.conditions[Ready]', { status: 'True' }],
])('condition %s does not fit where it is changed', (type, scene, entry, change) => {
  const version = withStatus(versionOf(scene), ({ conditions }) =>
    Object.assign(conditions?.find((condition) => condition.type === type) ?? {}, change),
  );
  expect(verifyStatus(version)).toMatchObject({ entry });
});

it('a decision whose outcome is changed does not fit its id', () => {
  const version = withStatus(versionOf(aScene().withPolicy('people', requires('alice')).applied()), ({ decision }) =>
    Object.assign(decision ?? {}, { outcome: 'Approved' }),
  );
  expect(verifyStatus(version)).toMatchObject({ entry: 'status.decision' });
});

it('the signature holds for the version and the decision that were signed', () => {
  expect(verifySignature(signed(versionOf(lived)), keys)).toBeNull();
  expect(verifySignature(signed(versionOf(aScene().withPolicy('good', allows()).applied())), keys)).toBeNull();
});

it.each<[string, (version: ModelVersion) => void]>([
  ['another metric', ({ spec }) => Object.assign(spec.metrics ?? {}, { accuracy: 0.99 })],
  ['another uid', ({ metadata }) => Object.assign(metadata, { uid: 'another' })],
  ['another approver', ({ status }) => Object.assign(status?.approvals?.[1] ?? {}, { user: 'eve' })],
  ['another time', ({ status }) => Object.assign(status?.decision ?? {}, { decidedAt: '2030-01-01T00:00:00.000Z' })],
  ['no signature', ({ status }) => delete status?.decision?.signature],
  ['a new generation', ({ metadata }) => Object.assign(metadata, { generation: 9 })],
])('with %s it does not hold', (_, change) => {
  const version = structuredClone(signed(versionOf(lived)));
  change(version);
  expect(verifySignature(version, keys)).toMatchObject({ entry: 'status.decision.signature' });
});

it('by a key that nobody gave it does not hold, and the key is named', () => {
  expect(verifySignature(signed(versionOf(lived)), new Map())?.problem).toContain(keyId);
});

it('a version that waits has nothing to sign, and says so', () => {
  const waiting = versionOf(aScene().withPolicy('people', requires('alice')).applied());
  expect(verifySignature(waiting, keys)?.problem).toContain('not final');
});
