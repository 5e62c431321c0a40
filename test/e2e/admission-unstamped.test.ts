import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMISSION_NAMES } from '../../src/admission/index.ts';
import { ANNOTATIONS } from '../../src/api/index.ts';
import {
  type AdmissionCluster,
  APPROVER,
  assertOk,
  aVersion,
  installAdmission,
  patch,
  SUBMITTER,
} from './admission-cluster.ts';

// Kubernetes before 1.36 has no MutatingAdmissionPolicy. Here it is switched off for one namespace only, so that tests
// on the same cluster do not feel it.
let cluster: AdmissionCluster;
beforeAll(async () => {
  cluster = await installAdmission();
  await exempt([cluster.namespace]);
  while ((await stampsOf(await cluster.submit())).submittedBy !== undefined) await sleep(200);
});
afterAll(() => exempt([]));

const stampFor = ({ user, groups }: typeof APPROVER, generation: number, verdict?: string) =>
  JSON.stringify({ user, groups: [...groups, 'system:authenticated'], generation, verdict });

test('a client that writes the right stamp decides', async () => {
  const name = await cluster.submit();
  assertOk(await decide(name, stampFor(APPROVER, 1, 'approve')));
  expect((await stampsOf(name)).decidedBy).toBe(stampFor(APPROVER, 1, 'approve'));
});

test('a client that writes no stamp is refused, and told the stamp', async () => {
  const name = await cluster.submit();
  const { ok, stderr } = await decide(name);
  expect(ok).toBe(false);
  expect(stderr).toContain(
    `Nothing here writes it for you: use \`assent approve\`, or write it: ${stampFor(APPROVER, 1, 'approve')}`,
  );
});

test.each([
  ['of another user', stampFor(SUBMITTER, 1, 'approve')],
  ['with a group more', stampFor({ ...APPROVER, groups: [...APPROVER.groups, 'board'] }, 1, 'approve')],
  ['of another generation', stampFor(APPROVER, 2, 'approve')],
  ['of another verdict', stampFor(APPROVER, 1, 'reject')],
])('a stamp %s is refused', async (_, stamp) => {
  const { ok, stderr } = await decide(await cluster.submit(), stamp);
  expect(ok).toBe(false);
  expect(stderr).toContain('must be the stamp of this request');
});

test.each([
  ['edited', { [ANNOTATIONS.decidedBy]: stampFor(SUBMITTER, 1, 'approve') }],
  ['removed', { [ANNOTATIONS.decidedBy]: null }],
])('a stamp cannot be %s later', async (_, annotations) => {
  const name = await cluster.submit();
  assertOk(await decide(name, stampFor(APPROVER, 1, 'approve')));
  const { ok, stderr } = await cluster.approver(patch(name, { metadata: { annotations } }));
  expect(ok).toBe(false);
  expect(stderr).toContain('is never edited: leave it as it was');
});

test.each([ANNOTATIONS.decidedBy, ANNOTATIONS.submittedBy])(
  'a new version cannot bring a forged %s',
  async (annotation) => {
    const annotations = { [annotation]: stampFor(APPROVER, 1, 'approve') };
    const { ok, stderr } = await cluster.submitter(
      ['create', '--filename', '-'],
      aVersion({ name: 'new', annotations }),
    );
    expect(ok).toBe(false);
    expect(stderr).toContain('is never edited');
  },
);

test('a submission is stamped where the client does it, and otherwise by nobody', async () => {
  expect((await stampsOf(await cluster.submit())).submittedBy).toBeUndefined();
  const name = await cluster.submit({ annotations: { [ANNOTATIONS.submittedBy]: stampFor(SUBMITTER, 1) } });
  const changed = (annotations: Record<string, string | null>) =>
    cluster.submitter(patch(name, { metadata: { annotations }, spec: { stage: 'Staging' } }));
  for (const forged of [stampFor(APPROVER, 2), stampFor(SUBMITTER, 3), null])
    expect((await changed({ [ANNOTATIONS.submittedBy]: forged })).stderr).toContain(
      'or write the stamp of this request',
    );
  assertOk(await changed({ [ANNOTATIONS.submittedBy]: stampFor(SUBMITTER, 2) }));
  assertOk(await cluster.submitter(patch(name, { spec: { stage: 'None' } })));
  expect((await stampsOf(name)).submittedBy).toBe(stampFor(SUBMITTER, 2));
});

function decide(name: string, stamp?: string) {
  const stamped = stamp === undefined ? {} : { [ANNOTATIONS.decidedBy]: stamp };
  return cluster.approver(patch(name, { metadata: { annotations: { [ANNOTATIONS.approve]: 'fine', ...stamped } } }));
}

async function stampsOf(name: string): Promise<{ decidedBy: string | undefined; submittedBy: string | undefined }> {
  const { annotations = {} } = (await cluster.read(name)).metadata;
  return { decidedBy: annotations[ANNOTATIONS.decidedBy], submittedBy: annotations[ANNOTATIONS.submittedBy] };
}

async function exempt(namespaces: readonly string[]): Promise<void> {
  const key = 'kubernetes.io/metadata.name';
  const namespaceSelector = { matchExpressions: [{ key, operator: 'NotIn', values: namespaces }] };
  const spec = { matchResources: namespaces.length > 0 ? { namespaceSelector } : null };
  const target = ['mutatingadmissionpolicybinding', ADMISSION_NAMES.stamps];
  assertOk(await cluster.admin(['patch', ...target, '--type', 'merge', '--patch', JSON.stringify({ spec })]));
}
