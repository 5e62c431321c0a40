import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aScene, type Scene } from '../../test/a-snapshot.ts';
import { type ApprovalPolicySpec, SERVED_STAGES, STAGES } from '../api/index.ts';
import { buildPlan } from './plan.ts';
import { verifyStatus } from './verify-version.ts';

const people = ['alice', 'bob', 'carol'] as const;
const reasons = fc.array(fc.constantFrom('r1', 'r2', 'r3'), { maxLength: 2 });
const requirement = fc.record(
  { approvers: fc.subarray([...people]), count: fc.integer({ min: 1, max: 2 }), reason: fc.constantFrom('a', 'b') },
  { requiredKeys: [] },
);
const document = fc.record(
  { allow: reasons, deny: reasons, warn: reasons, require: fc.array(requirement, { maxLength: 2 }) },
  { requiredKeys: [] },
);
const nonsense = fc
  .anything()
  .filter((value) => typeof value !== 'object' || value === null || 'allow' in value === false);
interface Policy {
  readonly result: { readonly value: unknown } | { readonly error: string };
  readonly spec: Partial<ApprovalPolicySpec>;
}

const policy: fc.Arbitrary<Policy> = fc.record({
  result: fc.oneof(
    { weight: 6, arbitrary: document.map((value) => ({ value })) },
    { weight: 1, arbitrary: fc.constant({ error: 'took too long' }) },
    { weight: 1, arbitrary: nonsense.map((value) => ({ value: { allow: value } })) },
  ),
  spec: fc.record(
    {
      failurePolicy: fc.constantFrom('Block' as const, 'Manual' as const),
      approvers: fc.subarray([...people]),
      required: fc.integer({ min: 1, max: 2 }),
      separationOfDuties: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
});
const approvals = fc.array(
  fc.record({ user: fc.constantFrom(...people), verdict: fc.constantFrom('approve' as const, 'reject' as const) }),
  { maxLength: 4 },
);

/** 0: rejected … 3: approved. A policy more may only lower it. */
const LOOSENESS = { Rejected: 0, Error: 1, Pending: 2, Approved: 3 } as const;

function decideAll(
  policies: readonly (Policy & { name: string })[],
  people: readonly { user: string; verdict: 'approve' | 'reject' }[],
) {
  let scene: Scene = aScene().submittedBy('alice');
  for (const { name, result, spec } of policies) {
    scene =
      'error' in result
        ? scene.withFailingPolicy(name, result.error, spec)
        : scene.withPolicy(name, result.value, spec);
  }
  for (const [index, { user, verdict }] of people.entries())
    scene = scene.decidedBy(user, verdict, `no. ${index}`).applied();
  const { status } = buildPlan(scene.snapshot, scene.results);
  const decision = (status ?? scene.snapshot.modelVersion.status)?.decision;
  if (!decision) throw new Error('nothing was decided');
  return decision;
}

const named = (policies: readonly Policy[]) => policies.map((policy, index) => ({ ...policy, name: `p${index}` }));
const policies = fc.array(policy, { minLength: 1, maxLength: 4 });

it('a policy more never loosens the outcome', () => {
  fc.assert(
    fc.property(policies, policy, fc.constantFrom(...people), (some, another, user) => {
      const approval = [{ user, verdict: 'approve' as const }];
      const without = decideAll(named(some), approval);
      const withIt = decideAll(named([...some, another]), approval);
      expect(LOOSENESS[withIt.outcome]).toBeLessThanOrEqual(LOOSENESS[without.outcome]);
    }),
    { numRuns: 500 },
  );
});

it('a policy more never approves what was not approved without it, whatever people said', () => {
  fc.assert(
    fc.property(policies, policy, approvals, (some, another, decisions) => {
      // One decision: where it settles the version, whoever comes later meets another state.
      const first = decisions.slice(0, 1);
      if (decideAll(named(some), first).outcome === 'Approved') return;
      expect(decideAll(named([...some, another]), first).outcome).not.toBe('Approved');
    }),
    { numRuns: 500 },
  );
});

it('silence never approves', () => {
  const silent = fc.record({ result: fc.constant({ value: {} }), spec: policy.map(({ spec }) => spec) });
  fc.assert(
    fc.property(fc.array(silent, { minLength: 1, maxLength: 3 }), (some) => {
      expect(decideAll(named(some), []).outcome).toBe('Pending');
    }),
  );
});

it('an error never approves, whoever approves', () => {
  const failing = policy.map((any) => ({
    ...any,
    result: { error: 'broken' },
    spec: { ...any.spec, failurePolicy: 'Block' as const },
  }));
  fc.assert(
    fc.property(policies, failing, approvals, (some, broken, decisions) => {
      expect(decideAll(named([...some, broken]), decisions).outcome).not.toBe('Approved');
    }),
  );
});

it('nothing that is not a list of messages ever allows', () => {
  fc.assert(
    fc.property(nonsense, (value) => {
      const { outcome } = decideAll([{ name: 'odd', result: { value: { allow: value } }, spec: {} }], []);
      if (!Array.isArray(value) || value.length === 0) expect(outcome).not.toBe('Approved');
    }),
  );
});

it('the order of the policies does not matter', () => {
  fc.assert(
    fc.property(
      policies.chain((some) =>
        fc.tuple(fc.constant(named(some)), fc.shuffledSubarray(named(some), { minLength: some.length })),
      ),
      approvals,
      ([some, shuffled], decisions) => {
        const { id: _, policies: __, policyDigest: ___, ...one } = decideAll(some, decisions);
        const { id: ____, policies: _____, policyDigest: ______, ...other } = decideAll(shuffled, decisions);
        expect(other).toEqual(one);
      },
    ),
  );
});

const lasting = fc.record(
  {
    onReject: fc.constantFrom('Archive' as const, 'Keep' as const),
    mode: fc.constantFrom('Enforce' as const, 'Shadow' as const),
    pendingTimeout: fc.constantFrom('1s', '1h'),
  },
  { requiredKeys: [] },
);
const event = fc.oneof(
  fc.record({
    kind: fc.constant('decided' as const),
    user: fc.constantFrom(...people),
    verdict: fc.constantFrom('approve' as const, 'reject' as const, 'revoke' as const),
  }),
  fc.record({ kind: fc.constant('changed' as const), stage: fc.constantFrom(...STAGES) }),
  fc.record({ kind: fc.constant('superseded' as const) }),
);

it('whatever happens to a version, its status fits itself', () => {
  const rules = fc.array(fc.tuple(policy, lasting), { maxLength: 2 });
  fc.assert(
    fc.property(rules, fc.array(event, { maxLength: 8, size: 'max' }), (some, events) => {
      let scene: Scene = aScene();
      for (const [index, [{ result, spec }, more]] of some.entries()) {
        const [name, all] = [`p${index}`, { ...spec, ...more }];
        scene =
          'error' in result
            ? scene.withFailingPolicy(name, result.error, all)
            : scene.withPolicy(name, result.value, all);
      }
      const expectFits = () => expect(verifyStatus(scene.snapshot.modelVersion)).toBeNull();
      scene = scene.applied();
      expectFits();
      for (const [index, happened] of events.entries()) {
        scene = scene.after(1_000);
        if (happened.kind === 'decided')
          scene = scene.decidedBy(happened.user, happened.verdict, `no. ${index}`).applied();
        else if (happened.kind === 'changed') {
          scene = scene.withSpec({ stage: happened.stage });
          expectFits();
          scene = scene.applied();
        } else if (SERVED_STAGES.some((stage) => stage === scene.snapshot.modelVersion.status?.stage))
          scene = scene.with({ supersededBy: 'fraud-8' }).applied().with({ supersededBy: null });
        expectFits();
      }
    }),
    { numRuns: 500 },
  );
});
