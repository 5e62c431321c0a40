import { beforeAll, describe, expect, test } from 'vitest';
import { judgeAdmission } from '../../src/admission/index.ts';
import { ANNOTATIONS, API_VERSION } from '../../src/api/index.ts';
import {
  type AdmissionCluster,
  assertOk,
  aVersion,
  installAdmission,
  patch,
  patchStatus,
} from './admission-cluster.ts';

let cluster: AdmissionCluster;
beforeAll(async () => {
  cluster = await installAdmission();
});

describe('a status', () => {
  test('is refused from everybody but the operator, administrators too', async () => {
    const name = await cluster.submit();
    const powerful = await cluster.as({ user: 'pia', groups: [] }, 'assent-submitter', 'cluster-admin');
    for (const user of [powerful, cluster.admin]) {
      const { ok, stderr } = await user(patchStatus(name, { stage: 'Production' }));
      expect(ok).toBe(false);
      expect(stderr).toContain(
        'only the operator (system:serviceaccount:assent-system:assent-operator) writes a status',
      );
    }
    expect((await cluster.submitter(patchStatus(name, { stage: 'Production' }))).stderr).toContain('Forbidden');
    assertOk(await cluster.operator(patchStatus(name, { stage: 'Production' })));
    expect((await cluster.read(name)).status).toMatchObject({ stage: 'Production' });
  });

  test('does not change by a write of the object', async () => {
    const name = await cluster.submit();
    assertOk(await cluster.submitter(patch(name, { status: { stage: 'Production' } })));
    expect((await cluster.read(name)).status).toEqual({ observedGeneration: -1 });
  });

  test('is the only thing that its writer can change through it', async () => {
    const name = await cluster.submit();
    const before = await cluster.read(name);
    const metadata = {
      annotations: { [ANNOTATIONS.approve]: 'x', [ANNOTATIONS.decidedBy]: 'y' },
      labels: { a: 'b' },
      finalizers: ['a/b'],
    };
    assertOk(await cluster.operator(patchStatus(name, { stage: 'None' }, metadata)));
    const { metadata: after, spec } = await cluster.read(name);
    expect({ ...after, resourceVersion: '' }).toEqual({ ...before.metadata, resourceVersion: '' });
    expect(spec).toEqual(before.spec);
  });

  test("of a policy is the operator's too", async () => {
    assertOk(await cluster.admin(['create', '--filename', '-'], aPolicy('ApprovalPolicy', ['bob'], 'with-status')));
    const args = ['patch', 'approvalpolicy', 'with-status', '--subresource', 'status', '--type', 'merge'];
    const change = [...args, '--patch', '{"status":{"digest":"sha256:0"}}'];
    expect((await cluster.admin(change)).stderr).toContain('only the operator');
    assertOk(await cluster.operator(change));
  });
});

describe('the operator', () => {
  test.each([
    ['approve', 'modelversions.assent.dev', 'no'],
    ['update', 'modelversions.assent.dev', 'no'],
    ['patch', 'modelversions.assent.dev', 'no'],
    ['create', 'modelversions.assent.dev', 'no'],
    ['delete', 'modelversions.assent.dev', 'no'],
    ['get', 'secrets', 'no'],
    ['watch', 'modelversions.assent.dev', 'yes'],
    ['watch', 'approvalpolicies.assent.dev', 'yes'],
    ['watch', 'clusterapprovalpolicies.assent.dev', 'yes'],
    ['list', 'namespaces', 'yes'],
    ['create', 'events.events.k8s.io', 'yes'],
    ['get', 'validatingadmissionpolicies.admissionregistration.k8s.io/assent-decisions', 'yes'],
    ['list', 'validatingadmissionpolicies.admissionregistration.k8s.io', 'no'],
    ['update', 'validatingadmissionpolicies.admissionregistration.k8s.io/assent-decisions', 'no'],
  ])('may %s %s: %s', async (verb, resource, answer) => {
    const { stdout } = await cluster.operator(['auth', 'can-i', verb, resource]);
    expect(stdout.trim()).toBe(answer);
  });

  test('may patch a status and take a lease in its own namespace only', async () => {
    const status = ['auth', 'can-i', 'patch', 'modelversions.assent.dev', '--subresource', 'status'];
    expect((await cluster.operator(status)).stdout.trim()).toBe('yes');
    const lease = ['auth', 'can-i', 'create', 'leases.coordination.k8s.io'];
    expect((await cluster.operator(lease)).stdout.trim()).toBe('no');
    expect((await cluster.operator([...lease, '--namespace', 'assent-system'])).stdout.trim()).toBe('yes');
  });
});

describe('approvers', () => {
  const KINDS = ['ModelVersion', 'ApprovalPolicy', 'ClusterApprovalPolicy'];
  const NOT_NAMES = 'every entry of approvers is a name of 1 to 512 characters';
  const create = (kind: string, approvers: unknown) =>
    cluster.admin(['create', '--dry-run=server', '--filename', '-'], aPolicy(kind, approvers));

  test.each(KINDS)('as a string in a %s are refused, with the list that was meant', async (kind) => {
    const { ok, stderr } = await create(kind, 'dana');
    expect(ok).toBe(false);
    expect(stderr).toContain("approvers is a list, always: write approvers: ['dana']");
  });

  test.each([
    ['a number', 3, "write approvers: ['bob']"],
    ['an object', { bob: true }, "write approvers: ['bob']"],
    ['true', true, "write approvers: ['bob']"],
    ['a list with a number', [3], NOT_NAMES],
    ['a list with an empty name', [''], NOT_NAMES],
    ['a list in a list', [['bob']], NOT_NAMES],
    ['a name of 513 characters', ['x'.repeat(513)], NOT_NAMES],
    ['65 names', names(65), 'approvers has at most 64 entries'],
  ])('that are %s are refused', async (_, approvers, message) => {
    expect((await create('ModelVersion', approvers)).stderr).toContain(message);
  });

  test.each([
    ['an empty list', []],
    ['a user and a group', ['bob', 'group:risk']],
    ['a name of 512 characters', ['x'.repeat(512)]],
    ['64 names', names(64)],
  ])('that are %s are taken', async (_, approvers) => {
    for (const kind of KINDS) assertOk(await create(kind, approvers));
  });

  test('cannot be made a string later', async () => {
    const name = await cluster.submit();
    expect((await cluster.submitter(patch(name, { spec: { approvers: 'bob' } }))).stderr).toContain("['bob']");
  });
});

test('what the API server stores is judged to be what was built', async () => {
  const kinds = ['validatingadmissionpolicy', 'mutatingadmissionpolicy'].flatMap((kind) => [kind, `${kind}binding`]);
  const { stdout } = assertOk(await cluster.admin(['get', kinds.join(','), '--output', 'json']));
  expect(judgeAdmission(JSON.parse(stdout).items)).toEqual({ verified: true, problems: [] });
});

function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `user-${index}`);
}

function aPolicy(kind: string, approvers: unknown, name = 'new'): Record<string, unknown> {
  if (kind === 'ModelVersion') return aVersion({ name }, { approvers });
  const modules = { 'a.rego': 'package approval' };
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec: { modules, approvers } };
}
