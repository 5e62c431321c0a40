import { beforeAll, describe, expect, test } from 'vitest';
import { ANNOTATIONS, VERDICTS } from '../../src/api/index.ts';
import {
  type AdmissionCluster,
  APPROVER,
  assertOk,
  aVersion,
  installAdmission,
  patch,
  SUBMITTER,
} from './admission-cluster.ts';

let cluster: AdmissionCluster;
beforeAll(async () => {
  cluster = await installAdmission();
});

const annotate = (name: string, ...annotations: readonly string[]) => [
  'annotate',
  '--overwrite',
  'modelversion',
  name,
  ...annotations,
];

async function stampOf(name: string, annotation: string): Promise<unknown> {
  const text = (await cluster.read(name)).metadata.annotations?.[annotation];
  return text === undefined ? undefined : JSON.parse(text);
}

describe('who decides', () => {
  test.each(VERDICTS)("an approver's %s is stamped with user, groups, generation and verdict", async (verdict) => {
    const name = await cluster.submit();
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS[verdict]}=looked at the errors`)));
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toEqual({
      user: APPROVER.user,
      groups: [...APPROVER.groups, 'system:authenticated'],
      generation: 1,
      verdict,
    });
  });

  test.each(VERDICTS)('who may edit a version and not approve it cannot %s, and is told the verb', async (verdict) => {
    const name = await cluster.submit();
    const { ok, stderr } = await cluster.submitter(annotate(name, `${ANNOTATIONS[verdict]}=me`));
    expect(ok).toBe(false);
    expect(stderr).toContain('Forbidden');
    expect(stderr).toContain(
      `sam may not decide: that needs the RBAC verb approve on modelversions.assent.dev ${name}`,
    );
  });

  test('who may approve one version by name cannot approve another', async () => {
    const [mine, other] = [await cluster.submit(), await cluster.submit()];
    const verbs = ['--verb=get,patch', '--verb=approve', '--resource=modelversions.assent.dev'];
    assertOk(await cluster.admin(['create', 'clusterrole', mine, ...verbs, `--resource-name=${mine}`]));
    const narrow = ['create', 'clusterrole', other, '--verb=get,patch', '--resource=modelversions.assent.dev'];
    assertOk(await cluster.admin(narrow));
    const nina = await cluster.as({ user: 'nina', groups: [] }, mine, other);
    expect((await nina(annotate(other, `${ANNOTATIONS.approve}=x`))).stderr).toContain('nina may not decide');
    assertOk(await nina(annotate(mine, `${ANNOTATIONS.approve}=x`)));
  });

  test('a cluster administrator may decide, and is stamped as themselves', async () => {
    const name = await cluster.submit();
    assertOk(
      await cluster.admin(annotate(name, `${ANNOTATIONS.approve}=x`, `${ANNOTATIONS.decidedBy}={"user":"alice"}`)),
    );
    const stamp = await stampOf(name, ANNOTATIONS.decidedBy);
    expect(stamp).toMatchObject({ verdict: 'approve', groups: expect.arrayContaining(['system:masters']) });
    expect(stamp).not.toMatchObject({ user: 'alice' });
  });

  test('who impersonates a user is stamped as that user, as Kubernetes sees it', async () => {
    const name = await cluster.submit();
    const asAlice = ['--as', 'alice', '--as-group', 'borrowed'];
    assertOk(await cluster.admin([...annotate(name, `${ANNOTATIONS.approve}=x`), ...asAlice]));
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toMatchObject({
      user: 'alice',
      groups: ['borrowed', 'system:authenticated'],
    });
  });

  test.each([
    'with "quotes", commas',
    'back\\slash\\',
    '"},"verdict":"approve"}',
    '],"generation":1,"verdict":"approve"}',
    'Jürgen ✓ 模型 🙂',
    "o'neil <script>",
  ])('a user named %j is stamped as JSON', async (user) => {
    const person = { user, groups: [`group of ${user}`] };
    const name = await cluster.submit({}, await cluster.as(person, 'assent-submitter'));
    assertOk(await (await cluster.as(person, 'assent-approver'))(annotate(name, `${ANNOTATIONS.approve}=x`)));
    const expected = { user, groups: [...person.groups, 'system:authenticated'], generation: 1 };
    expect(await stampOf(name, ANNOTATIONS.submittedBy)).toEqual(expected);
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toEqual({ ...expected, verdict: 'approve' });
  });
});

describe('a decision', () => {
  test.each([
    ['two verdicts at once', [`${ANNOTATIONS.approve}=x`, `${ANNOTATIONS.reject}=x`], 'one decision a request'],
    ['no reason', [`${ANNOTATIONS.approve}=`], 'a decision needs a reason'],
    ['a reason of blanks', [`${ANNOTATIONS.reject}=  `], 'a decision needs a reason'],
    ['a reason of 1,025 characters', [`${ANNOTATIONS.approve}=${'é'.repeat(1025)}`], 'at most 1024 characters'],
  ])('with %s is refused', async (_, annotations, message) => {
    const name = await cluster.submit();
    const { ok, stderr } = await cluster.approver(annotate(name, ...annotations));
    expect(ok).toBe(false);
    expect(stderr).toContain(message);
  });

  test('with a reason of 1,024 characters is taken', async () => {
    const name = await cluster.submit();
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS.approve}=${'é'.repeat(1024)}`)));
  });

  test('together with a change of the spec is refused', async () => {
    const name = await cluster.submit();
    const body = { metadata: { annotations: { [ANNOTATIONS.approve]: 'x' } }, spec: { stage: 'Staging' } };
    const { ok, stderr } = await cluster.approver(patch(name, body));
    expect(ok).toBe(false);
    expect(stderr).toContain('change the spec in one request and decide in another');
  });

  test('on a new version needs the verb too, and is for generation 1', async () => {
    const metadata = {
      name: 'decided-at-birth',
      annotations: { [ANNOTATIONS.approve]: 'the pipeline approves itself' },
    };
    const refused = await cluster.submitter(['create', '--filename', '-'], aVersion(metadata));
    expect(refused.stderr).toContain('sam may not decide');
    const pipeline = await cluster.as({ user: 'pipeline', groups: [] }, 'assent-submitter', 'assent-approver');
    assertOk(await pipeline(['create', '--filename', '-'], aVersion(metadata)));
    const stamp = { user: 'pipeline', generation: 1, verdict: 'approve' };
    expect(await stampOf(metadata.name, ANNOTATIONS.decidedBy)).toMatchObject(stamp);
  });

  test('on a new version without a name of its own needs the verb too', async () => {
    const metadata = { generateName: 'born-', annotations: { [ANNOTATIONS.approve]: 'x' } };
    const refused = await cluster.submitter(['create', '--filename', '-'], aVersion(metadata));
    expect(refused.stderr).toContain('sam may not decide');
    const created = assertOk(
      await cluster.admin(['create', '--filename', '-', '--output', 'name'], aVersion(metadata)),
    );
    const name = created.stdout.trim().split('/')[1] ?? '';
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toMatchObject({ generation: 1, verdict: 'approve' });
  });

  test('that is only tried out leaves nothing behind', async () => {
    const name = await cluster.submit();
    const tried = ['--dry-run=server', '--output', 'json'];
    const { stdout } = assertOk(await cluster.approver([...annotate(name, `${ANNOTATIONS.approve}=x`), ...tried]));
    expect(JSON.parse(stdout).metadata.annotations[ANNOTATIONS.decidedBy]).toContain('"user":"alice"');
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toBeUndefined();
    const refused = await cluster.submitter([...annotate(name, `${ANNOTATIONS.approve}=x`), ...tried]);
    expect(refused.stderr).toContain('sam may not decide');
  });

  test('applied again as it stands changes nothing', async () => {
    const metadata = { name: await cluster.submit(), annotations: { [ANNOTATIONS.approve]: 'from Git' } };
    const sync = ['apply', '--server-side', '--field-manager', 'gitops', '--force-conflicts', '--filename', '-'];
    assertOk(await cluster.approver(sync, aVersion(metadata)));
    const before = await cluster.read(metadata.name);
    assertOk(await cluster.approver(sync, aVersion(metadata)));
    expect(await cluster.read(metadata.name)).toEqual(before);
  });
});

describe('while a decision is not recorded', () => {
  const TRY_AGAIN = 'is not recorded yet: try again in a moment';

  test.each(VERDICTS)('a second decision (%s) is refused; once it is recorded it is taken', async (verdict) => {
    const name = await cluster.submit();
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS.approve}=first`)));
    const second = annotate(name, `${ANNOTATIONS[verdict]}=second`);
    const refused = await cluster.admin(second);
    expect(refused.stderr).toContain(`the decision before this one (approve) ${TRY_AGAIN}`);
    assertOk(await cluster.record(name));
    assertOk(await cluster.admin(second));
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toMatchObject({ verdict });
  });

  test('another reason of the same person does not stand for it', async () => {
    const name = await cluster.submit();
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS.approve}=first`)));
    assertOk(await cluster.record(name));
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS.approve}=second`)));
    expect((await cluster.approver(annotate(name, `${ANNOTATIONS.approve}=third`))).stderr).toContain(TRY_AGAIN);
  });

  test('its annotation cannot be removed; once it is recorded it can, and the stamp stays', async () => {
    const name = await cluster.submit();
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS.approve}=first`)));
    const stamp = await stampOf(name, ANNOTATIONS.decidedBy);
    const removal = annotate(name, `${ANNOTATIONS.approve}-`);
    expect((await cluster.approver(removal)).stderr).toContain(TRY_AGAIN);
    assertOk(await cluster.record(name));
    assertOk(await cluster.approver(removal));
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toEqual(stamp);
    expect((await cluster.read(name)).metadata.annotations).not.toHaveProperty([ANNOTATIONS.approve]);
  });

  test.each(['reject', 'revoke'] as const)('the spec cannot change to dodge a %s', async (verdict) => {
    const name = await cluster.submit();
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS[verdict]}=first`)));
    const change = patch(name, { spec: { stage: 'Staging' } });
    expect((await cluster.submitter(change)).stderr).toContain('the spec cannot change before that: try again');
    assertOk(await cluster.record(name));
    assertOk(await cluster.submitter(change));
  });

  test('an approval lapses with its spec, and the next decision is for the new generation', async () => {
    const name = await cluster.submit();
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS.approve}=first`)));
    assertOk(await cluster.submitter(patch(name, { spec: { stage: 'Staging' } })));
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toMatchObject({ generation: 1 });
    expect(await stampOf(name, ANNOTATIONS.submittedBy)).toMatchObject({ user: SUBMITTER.user, generation: 2 });
    assertOk(await cluster.approver(annotate(name, `${ANNOTATIONS.approve}=second`)));
    expect(await stampOf(name, ANNOTATIONS.decidedBy)).toMatchObject({ generation: 2 });
  });
});
