import { expect, test } from 'vitest';
import { allows, aScene, requires } from '../../test/a-snapshot.ts';
import { aSigner, sha256, signStatement } from '../../test/sign-statement.ts';
import type { AttestationSource, ModelVersion } from '../api/index.ts';
import { buildInput } from './build-input.ts';
import { buildFacts, type EvidenceContent, gatherEvidence } from './gather-evidence.ts';

const ARTIFACT = sha256('model weights');
const [JOB, TEAM] = [aSigner(), aSigner('P-256')];
const trusts = (name: string, ...signers: readonly { readonly publicKey: string }[]) => ({
  spec: { evidence: { keys: signers.map(({ publicKey }) => ({ name, publicKey })) } },
});
const byJob = signStatement(JOB, { artifactDigest: ARTIFACT });
const byTeam = signStatement(TEAM, { artifactDigest: ARTIFACT });

function aVersion(...attestations: readonly AttestationSource[]): ModelVersion {
  const { modelVersion } = aScene().snapshot;
  const evidence = attestations.map((attestation) => ({ type: 'evaluation', attestation }));
  return { ...modelVersion, spec: { ...modelVersion.spec, artifact: { uri: 's3://m', digest: ARTIFACT }, evidence } };
}

const never = (): EvidenceContent => {
  throw new Error('nothing stands elsewhere');
};

test('each policy sees the statements by the keys that it names itself', () => {
  const modelVersion = aVersion({ inline: byJob }, { inline: byTeam });
  const platform = trusts('evaluation job', JOB);
  const team = trusts('our own', TEAM);
  const facts = buildFacts(gatherEvidence(modelVersion, [platform, team], never));
  const snapshot = { ...aScene().snapshot, modelVersion, ...facts };
  const keysSeen = (policy: Parameters<typeof buildInput>[1]) =>
    buildInput(snapshot, policy).verified.attestations?.map(({ key }) => key);
  expect(keysSeen(platform)).toEqual(['evaluation job']);
  expect(keysSeen(team)).toEqual(['our own']);
  expect(keysSeen({ spec: {} })).toEqual([]);
});

test('nothing is looked at where no policy names a key, or no statement is there', () => {
  const nothing = { attestations: [], reports: [], pending: false };
  expect(gatherEvidence(aVersion({ inline: byJob }), [{ spec: {} }], never)).toEqual(nothing);
  expect(gatherEvidence(aVersion(), [trusts('job', JOB)], never)).toEqual(nothing);
});

test('what stands elsewhere is waited for, and what cannot be had is told', () => {
  const source = { uri: 'https://evidence.example/1', digest: sha256(byJob) };
  const gather = (content: EvidenceContent) => gatherEvidence(aVersion(source), [trusts('job', JOB)], () => content);
  expect(gather({ kind: 'pending' })).toMatchObject({ pending: true });
  expect(gather({ kind: 'bytes', bytes: Buffer.from(byJob) })).toMatchObject({
    attestations: [{ type: 'evaluation', predicate: { accuracy: 0.97 } }],
    reports: [{ outcome: 'Verified', entry: 0 }],
  });
  expect(gather({ kind: 'unavailable', problem: 'the server is away' }).reports).toEqual([
    { type: 'evaluation', entry: 0, outcome: 'Unavailable', message: 'the server is away' },
  ]);
});

test('the version tells what became of its evidence, and stops telling when there is none', () => {
  const modelVersion = aVersion({ inline: byJob }, { inline: 'nonsense' });
  const facts = buildFacts(gatherEvidence(modelVersion, [trusts('job', JOB)], never));
  const scene = aScene()
    .withPolicy('leads', requires('alice'))
    .with({ modelVersion, ...facts })
    .applied();
  const { status } = scene.snapshot.modelVersion;
  expect(status?.evidence?.map(({ outcome }) => outcome)).toEqual(['Verified', 'Refused']);
  expect(status?.conditions?.find(({ type }) => type === 'EvidenceVerified')).toMatchObject({
    status: 'False',
    reason: 'EvidenceRefused',
    message: expect.stringContaining('evidence[1] evaluation: Refused: it is no DSSE envelope'),
  });
  const without = scene.with({ evidence: [], verified: {} }).applied().snapshot.modelVersion.status;
  expect(without?.evidence).toBeUndefined();
  expect(without?.conditions?.some(({ type }) => type === 'EvidenceVerified')).toBe(false);
});

test('what a decision was made from stands as long as the decision', () => {
  const modelVersion = aVersion({ inline: byJob });
  const facts = buildFacts(gatherEvidence(modelVersion, [trusts('job', JOB)], never));
  const approved = aScene()
    .withPolicy('good', allows())
    .with({ modelVersion, ...facts })
    .applied();
  const { evidence: _, ...later } = approved.snapshot;
  const settled = aScene().with(later).with({ supersededBy: 'fraud-8' }).applied().snapshot.modelVersion.status;
  expect(settled?.evidence).toMatchObject([{ outcome: 'Verified' }]);
  expect(settled?.conditions?.find(({ type }) => type === 'EvidenceVerified')).toMatchObject({ status: 'True' });
});

test('signatures are tried with keys so often and no more, whoever wrote the keys and the signatures', () => {
  const signers = Array.from({ length: 16 }, () => aSigner());
  const policies = [trusts('others', ...signers), trusts('job', JOB)];
  const { signatures: _, ...envelope } = JSON.parse(byJob);
  const noise = (at: number) => Buffer.alloc(64, at).toString('base64');
  const signatures = Array.from({ length: 16 }, (_, at) => ({ sig: noise(at) }));
  const costly = JSON.stringify({ ...envelope, signatures });
  const { reports } = gatherEvidence(aVersion({ inline: costly }, { inline: byJob }), policies, never);
  expect(reports).toMatchObject([
    { outcome: 'Refused', message: expect.stringContaining('256 times') },
    { outcome: 'Refused', message: expect.stringContaining('give fewer signatures') },
  ]);
  expect(gatherEvidence(aVersion({ inline: byJob }), policies, never).reports).toMatchObject([{ outcome: 'Verified' }]);
});
