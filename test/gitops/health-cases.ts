import {
  API_VERSION,
  type ApprovalPolicyStatus,
  type ApprovedReason,
  type ModelVersion,
  type Verdict,
} from '../../src/api/index.ts';
import { buildInvalidStatus } from '../../src/decision/index.ts';
import { nextPolicyStatus } from '../../src/operator/policy-status.ts';
import { allows, aScene, denies, requires, type Scene, START } from '../a-snapshot.ts';

/** What each tool must make of an object. */
export interface HealthCase {
  readonly name: string;
  readonly object: Readonly<Record<string, unknown>>;
  readonly kstatus: 'InProgress' | 'Current' | 'Failed';
  readonly argo: 'Healthy' | 'Progressing' | 'Suspended' | 'Degraded';
  /** The actions that are not greyed out. */
  readonly actions: readonly Verdict[];
  /** Of condition Approved; absent before the first decision. */
  readonly reason?: ApprovedReason;
}

const HOUR_MS = 3_600_000;
/** As the API server shows an object that the operator has not written to: see the CRDs' default. */
const UNOBSERVED = { observedGeneration: -1 };

const fresh = aScene();
const waiting = fresh.withPolicy('p', requires('alice'), { pendingTimeout: '1h' }).applied();
const auto = fresh.withPolicy('p', allows()).applied();
const byPeople = waiting.decidedBy('alice', 'approve', 'looked at it').applied();
const { modelVersion: stored } = fresh.snapshot;
const invalid = { approvalsVerified: true, now: START };

const inProgress = { kstatus: 'InProgress', argo: 'Progressing', actions: [] } as const;
const current = { kstatus: 'Current', argo: 'Healthy', actions: ['revoke'] } as const;
const suspended = { kstatus: 'InProgress', argo: 'Suspended', actions: ['approve', 'reject'] } as const;
const failed = { kstatus: 'Failed', argo: 'Degraded', actions: [] } as const;

/** Every set of conditions of a ModelVersion, each made by the code that decides. */
export const VERSION_CASES: readonly HealthCase[] = [
  { name: 'a version that was just created', object: { ...stored, status: UNOBSERVED }, ...inProgress },
  aCase('a version that waits', waiting, { ...suspended, reason: 'AwaitingApproval' }),
  aCase('a version that policies approved', auto, { ...current, reason: 'AutoApproved' }),
  aCase('a version that people approved', byPeople, { ...current, reason: 'ManuallyApproved' }),
  aCase('a version that a policy denies', fresh.withPolicy('p', denies()).applied(), {
    ...failed,
    reason: 'PolicyDenied',
  }),
  aCase('a version that an approver rejected', waiting.decidedBy('alice', 'reject', 'no').applied(), {
    ...failed,
    reason: 'RejectedByApprover',
  }),
  aCase('a version that nobody approved in time', waiting.after(2 * HOUR_MS).applied(), {
    ...failed,
    reason: 'Expired',
  }),
  aCase('a version whose approval was revoked', byPeople.decidedBy('alice', 'revoke', 'leak').applied(), {
    ...failed,
    reason: 'Revoked',
  }),
  aCase('a version whose policy errs', fresh.withFailingPolicy('p', 'took too long').applied(), {
    ...failed,
    actions: ['approve', 'reject'],
    reason: 'PolicyError',
  }),
  {
    name: 'a version whose spec is not valid',
    object: { ...stored, status: buildInvalidStatus(stored, ['spec.stage: no such stage'], invalid) },
    ...failed,
    reason: 'InvalidSpec',
  },
  aCase('a version without the admission policies', waiting.with({ approvalsVerified: false }).applied(), {
    ...suspended,
    reason: 'AwaitingApproval',
  }),
  aCase('an approved version that another one took the stage from', auto.with({ supersededBy: 'fraud-8' }).applied(), {
    ...current,
    reason: 'AutoApproved',
  }),
  aCase('an approved version whose spec has changed', auto.withSpec({ version: '8' }), {
    ...inProgress,
    reason: 'AutoApproved',
  }),
  aCase('a rejected version whose spec has changed', fresh.withPolicy('p', denies()).applied().withSpec({}), {
    ...inProgress,
    reason: 'PolicyDenied',
  }),
];

const compiled = { digest: 'sha256:01', builtins: [], reads: [], wasm: new Uint8Array() };
const module = { 'policy.rego': 'package approval' };
const noKills = { evaluations: undefined, quarantined: [] };
const kills = [{ namespace: 'risk', kills: 5, why: 'took too long', until: START }];
const problem = 'policy.rego:1:1: unexpected token';

/** Every set of conditions of a policy. */
export const POLICY_CASES: readonly HealthCase[] = [
  { name: 'a policy that was just created', object: aPolicy(UNOBSERVED), ...inProgress },
  aPolicyCase('a policy in force', { kind: 'compiled', inForce: compiled }, noKills, 'Current'),
  aPolicyCase('a policy that does not compile', {
    kind: 'failed',
    step: 'compile',
    errors: [],
    problem,
    inForce: null,
  }),
  aPolicyCase('a policy of which the last good one is in force', {
    ...{ kind: 'failed', step: 'compile', errors: [], problem },
    inForce: compiled,
  }),
  aPolicyCase('a policy that is not valid', { kind: 'failed', errors: [], problem, inForce: null }),
  aPolicyCase('a policy that cannot be fetched', { kind: 'failed', step: 'fetch', errors: [], problem, inForce: null }),
  aPolicyCase('a policy that is not believed', { kind: 'failed', step: 'verify', errors: [], problem, inForce: null }),
  aPolicyCase(
    'a policy that is stopped again and again',
    { kind: 'compiled', inForce: compiled },
    { ...noKills, quarantined: kills },
  ),
];

function aCase(name: string, { snapshot }: Scene, expected: Omit<HealthCase, 'name' | 'object'>): HealthCase {
  const object: ModelVersion = snapshot.modelVersion;
  return { name, object: { ...object }, ...expected };
}

type Judged = Parameters<typeof nextPolicyStatus>;

function aPolicyCase(
  name: string,
  state: Judged[0]['state'],
  health: Judged[1] = noKills,
  kstatus: 'Current' | 'Failed' = 'Failed',
): HealthCase {
  const source = { kind: 'modules', modules: module } as const;
  const metadata = { name: 'p', namespace: 'risk', generation: 1 };
  const entry = { kind: 'ApprovalPolicy', metadata, spec: {}, source, status: undefined, state } as const;
  const argo = kstatus === 'Current' ? 'Healthy' : 'Degraded';
  return { name, object: aPolicy(nextPolicyStatus(entry, health, START)), kstatus, argo, actions: [] };
}

function aPolicy(status: ApprovalPolicyStatus | null): Record<string, unknown> {
  const metadata = { name: 'p', namespace: 'risk', generation: 1 };
  return { apiVersion: API_VERSION, kind: 'ApprovalPolicy', metadata, spec: { modules: module }, status };
}
