import {
  API_VERSION,
  type ApprovalPolicyStatus,
  type ApprovedReason,
  ModelRegistry,
  type ModelVersion,
  Notification,
  type Verdict,
} from '../../src/api/index.ts';
import { buildInvalidStatus } from '../../src/decision/index.ts';
import { RegistryError } from '../../src/mlflow/client/index.ts';
import {
  invalidRegistryStatus,
  nextRegistryStatus,
  type RegistryState,
} from '../../src/mlflow/sync/registry-status.ts';
import { createNotificationSink } from '../../src/operator/notifications/notification-sink.ts';
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
  aCase(
    'an approved version that the policies of today deny',
    fresh.withPolicy('q', denies()).with({ modelVersion: auto.snapshot.modelVersion }).applied(),
    { ...current, reason: 'AutoApproved' },
  ),
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
  aPolicyCase(
    'a policy whose parameters do not fit',
    { kind: 'compiled', inForce: compiled },
    noKills,
    'Failed',
    'spec.parameters.threshold: found 90: write at most 1',
  ),
  aPolicyCase('a policy that cannot be fetched', { kind: 'failed', step: 'fetch', errors: [], problem, inForce: null }),
  aPolicyCase('a policy that is not believed', { kind: 'failed', step: 'verify', errors: [], problem, inForce: null }),
  aPolicyCase(
    'a policy that is stopped again and again',
    { kind: 'compiled', inForce: compiled },
    { ...noKills, quarantined: kills },
  ),
];

const unasked: RegistryState = {
  comparison: null,
  progress: null,
  imported: 0,
  pendingExports: 0,
  refusal: null,
  failure: null,
  lastEventTime: null,
  handledSyncAt: null,
  exportProblems: new Map(),
};
const compared = { versions: 3, imported: 3, drifted: [], problems: [], stays: [], at: START, seconds: 1 };
const drift = { model: 'fraud', version: '1', found: 'Archived', decided: 'Production' } as const;
const healthy = { kstatus: 'Current', argo: 'Healthy' } as const;
const degraded = { argo: 'Degraded', actions: [] } as const;

/** Every state of a ModelRegistry. */
export const REGISTRY_CASES: readonly HealthCase[] = [
  { name: 'a registry that was just created', object: aRegistry(UNOBSERVED), ...inProgress },
  aRegistryCase('a registry that is compared for the first time', {}, inProgress),
  aRegistryCase('a registry in step', { comparison: compared }, healthy),
  aRegistryCase('a registry that drifted', { comparison: { ...compared, drifted: [drift] } }, healthy),
  aRegistryCase(
    'a registry with versions that cannot be imported',
    { comparison: { ...compared, problems: ['the name is too long'] } },
    { ...degraded, kstatus: 'InProgress' },
  ),
  // It may be away for a moment: that is for Argo CD to show and for kstatus to wait for.
  aRegistryCase(
    'a registry that does not answer',
    { refusal: new RegistryError('unreachable', 'it does not answer') },
    { ...degraded, kstatus: 'InProgress' },
  ),
  aRegistryCase(
    'a registry that refuses the credentials',
    { refusal: new RegistryError('unauthorized', 'wrong password') },
    { ...degraded, kstatus: 'Failed' },
  ),
  {
    name: 'a registry whose spec is not valid',
    object: aRegistry(invalidRegistryStatus(1, 'spec.mlflow.url: no address', { before: undefined, now: START })),
    ...failed,
  },
];

const receiver = createNotificationSink(Notification.parse(aNotification(UNOBSERVED)));
const nothingTold = receiver.takeStatus(START);
receiver.note('risk/fraud-7', 'an id', START, { kind: 'refused', message: 'HTTP 404' }, START);
const refusing = receiver.takeStatus(START);
receiver.note('risk/fraud-7', 'another id', START, { kind: 'delivered' }, START);

/** Every state of a Notification. */
export const NOTIFICATION_CASES: readonly HealthCase[] = [
  { name: 'a notification that was just created', object: aNotification(UNOBSERVED), ...inProgress },
  { name: 'a notification with nothing to tell', object: aNotification(nothingTold), ...healthy, actions: [] },
  { name: 'a receiver that refuses', object: aNotification(refusing), ...degraded, kstatus: 'InProgress' },
  { name: 'a receiver that takes it', object: aNotification(receiver.takeStatus(START)), ...healthy, actions: [] },
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
  misfit: string | null = null,
): HealthCase {
  const source = { kind: 'modules', modules: module } as const;
  const metadata = { name: 'p', namespace: 'risk', generation: 1 };
  const entry = { kind: 'ApprovalPolicy', metadata, spec: {}, misfit, source, status: undefined, state } as const;
  const argo = kstatus === 'Current' ? 'Healthy' : 'Degraded';
  return { name, object: aPolicy(nextPolicyStatus(entry, health, START)), kstatus, argo, actions: [] };
}

function aPolicy(status: ApprovalPolicyStatus | null): Record<string, unknown> {
  const metadata = { name: 'p', namespace: 'risk', generation: 1 };
  return { apiVersion: API_VERSION, kind: 'ApprovalPolicy', metadata, spec: { modules: module }, status };
}

function aRegistryCase(
  name: string,
  state: Partial<RegistryState>,
  expected: Pick<HealthCase, 'kstatus' | 'argo'>,
): HealthCase {
  const registry = ModelRegistry.parse(aRegistry(UNOBSERVED));
  const object = aRegistry(nextRegistryStatus(registry, { ...unasked, ...state }, START));
  return { name, object, ...expected, actions: [] };
}

function aRegistry(status: unknown): Record<string, unknown> {
  const metadata = { name: 'mlflow', namespace: 'risk', generation: 1 };
  return {
    apiVersion: API_VERSION,
    kind: 'ModelRegistry',
    metadata,
    spec: { mlflow: { url: 'https://mlflow.example.com' }, export: {} },
    status,
  };
}

function aNotification(status: unknown): Record<string, unknown> {
  const metadata = { name: 'news', namespace: 'risk', generation: 1, creationTimestamp: START };
  return {
    apiVersion: API_VERSION,
    kind: 'Notification',
    metadata,
    spec: { cloudEvents: { url: 'https://news.example.com' } },
    status,
  };
}
