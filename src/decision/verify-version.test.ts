import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { allows, aScene, requires, type Scene } from '../../test/a-snapshot.ts';
import type { ModelVersion, ModelVersionStatus } from '../api/index.ts';
import { buildDecisionStatement } from './decision-statement.ts';
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
