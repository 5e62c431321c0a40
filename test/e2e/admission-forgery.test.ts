import { beforeAll, describe, expect, test } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { type AdmissionCluster, assertOk, aVersion, installAdmission, patch, SUBMITTER } from './admission-cluster.ts';
import { sharedCluster } from './shared-cluster.ts';

let cluster: AdmissionCluster;
beforeAll(async () => {
  cluster = await installAdmission();
});

const FORGED = {
  [ANNOTATIONS.decidedBy]: '{"user":"alice","groups":[],"generation":1,"verdict":"approve"}',
  [ANNOTATIONS.submittedBy]: '{"user":"mallory","groups":[],"generation":1}',
};
const apply = ['apply', '--server-side', '--force-conflicts', '--filename', '-'];

async function stampsOf(name: string): Promise<{ decidedBy: string | undefined; submittedBy: string | undefined }> {
  const { annotations = {} } = (await cluster.read(name)).metadata;
  return { decidedBy: annotations[ANNOTATIONS.decidedBy], submittedBy: annotations[ANNOTATIONS.submittedBy] };
}

async function anApprovedVersion(): Promise<string> {
  const name = await cluster.submit();
  assertOk(await cluster.approver(['annotate', 'modelversion', name, `${ANNOTATIONS.approve}=fine`]));
  return name;
}

describe('a new version', () => {
  test('with stamps in it has its own instead', async () => {
    const { decidedBy, submittedBy } = await stampsOf(await cluster.submit({ annotations: FORGED }));
    expect(decidedBy).toBeUndefined();
    expect(JSON.parse(submittedBy ?? '')).toMatchObject({ user: SUBMITTER.user, generation: 1 });
  });

  test('that is applied with stamps in it has its own instead, and keeps a later one when it is applied without', async () => {
    const name = 'applied';
    assertOk(await cluster.submitter(apply, aVersion({ name, annotations: FORGED })));
    expect((await stampsOf(name)).decidedBy).toBeUndefined();
    assertOk(await cluster.approver(['annotate', 'modelversion', name, `${ANNOTATIONS.approve}=fine`]));
    const stamps = await stampsOf(name);
    assertOk(await cluster.submitter(apply, aVersion({ name })));
    expect(await stampsOf(name)).toEqual(stamps);
  });

  test('with a status in it has none', async () => {
    const name = 'with-status';
    const version = { ...aVersion({ name }), status: { stage: 'Production' } };
    assertOk(await cluster.submitter(['create', '--filename', '-'], version));
    expect((await cluster.read(name)).status).toEqual({ observedGeneration: -1 });
  });

  test('made again from a deleted one does not bring its approval', async () => {
    const name = await anApprovedVersion();
    const { metadata } = await cluster.read(name);
    assertOk(await cluster.admin(['delete', 'modelversion', name]));
    const { annotations = {} } = metadata;
    const again = await cluster.submitter(['create', '--filename', '-'], aVersion({ name, annotations }));
    expect(again.stderr).toContain('sam may not decide');
    const { [ANNOTATIONS.approve]: _, ...stamps } = annotations;
    assertOk(await cluster.submitter(['create', '--filename', '-'], aVersion({ name, annotations: stamps })));
    expect((await stampsOf(name)).decidedBy).toBeUndefined();
  });
});

describe("a version's stamps stay as they are when somebody", () => {
  const removed = { [ANNOTATIONS.decidedBy]: null, [ANNOTATIONS.submittedBy]: null };
  test.each<[string, (name: string) => Promise<readonly string[]>]>([
    ['annotates them', async (name) => annotate(name, FORGED)],
    ['patches them', async (name) => patch(name, { metadata: { annotations: FORGED } })],
    ['removes them', async (name) => patch(name, { metadata: { annotations: removed } })],
    ['empties them', async (name) => annotate(name, { [ANNOTATIONS.decidedBy]: '', [ANNOTATIONS.submittedBy]: '' })],
    ['replaces a word in them', async (name) => jsonPatch(name, ANNOTATIONS.submittedBy, '{"user":"bob"}')],
    [
      'copies them from another version',
      async (name) => {
        const other = await cluster.submit({}, await cluster.as({ user: 'olga', groups: [] }, 'assent-submitter'));
        assertOk(await cluster.admin(['annotate', 'modelversion', other, `${ANNOTATIONS.reject}=no`]));
        const { annotations = {} } = (await cluster.read(other)).metadata;
        const { [ANNOTATIONS.reject]: _, ...stamps } = annotations;
        return annotate(name, stamps);
      },
    ],
  ])('%s', async (_, attempt) => {
    const name = await anApprovedVersion();
    const stamps = await stampsOf(name);
    const args = await attempt(name);
    for (const user of [cluster.submitter, cluster.approver, cluster.admin]) {
      assertOk(await user(args));
      expect(await stampsOf(name)).toEqual(stamps);
    }
  });

  test('applies others', async () => {
    const name = await anApprovedVersion();
    const stamps = await stampsOf(name);
    assertOk(await cluster.submitter(apply, aVersion({ name, annotations: FORGED })));
    expect(await stampsOf(name)).toEqual(stamps);
  });

  test('replaces the whole object, and an approval that is not recorded cannot get lost with it', async () => {
    const name = await anApprovedVersion();
    const stamps = await stampsOf(name);
    const replace = ['replace', '--filename', '-'];
    expect((await cluster.submitter(replace, aVersion({ name }))).stderr).toContain('is not recorded yet');
    const kept = aVersion({ name, annotations: { ...FORGED, [ANNOTATIONS.approve]: 'fine' } });
    assertOk(await cluster.submitter(replace, kept));
    expect(await stampsOf(name)).toEqual(stamps);
    assertOk(await cluster.record(name));
    assertOk(await cluster.submitter(replace, aVersion({ name })));
    expect(await stampsOf(name)).toEqual(stamps);
  });
});

// Only a client certificate can hold such a name: HTTP headers, and so impersonation, cannot.
test.runIf(sharedCluster().folder)('a user whose name JSON cannot hold as CEL quotes it is refused', async () => {
  const bell = await cluster.as({ user: 'bell\u0007', groups: [] }, 'assent-submitter', 'assent-approver');
  const created = await bell(['create', '--filename', '-'], aVersion({ name: 'bell' }));
  expect(created.stderr).toContain('control characters');
  const name = await cluster.submit();
  const decided = await bell(['annotate', 'modelversion', name, `${ANNOTATIONS.approve}=x`]);
  expect(decided.stderr).toContain('control characters');
});

function annotate(name: string, annotations: Record<string, string>): readonly string[] {
  const pairs = Object.entries(annotations).map(([key, value]) => `${key}=${value}`);
  return ['annotate', '--overwrite', 'modelversion', name, ...pairs];
}

function jsonPatch(name: string, annotation: string, value: string): readonly string[] {
  const path = `/metadata/annotations/${annotation.replace('/', '~1')}`;
  const operations = JSON.stringify([{ op: 'replace', path, value }]);
  return ['patch', 'modelversion', name, '--type', 'json', '--patch', operations];
}
