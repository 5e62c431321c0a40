import {
  type ApprovalRecord,
  type ApprovedReason,
  type DecisionStatus,
  isServedStage,
  parseDurationMs,
} from '../api/index.ts';
import { buildInput } from './build-input.ts';
import { digestOf } from './canonical.ts';
import { combineOutcomes } from './combine.ts';
import { type ApprovalCount, countApprovals, describeApprovers, explainUnknownSubmitter } from './count-approvals.ts';
import { type PolicyOutcome, parsePolicyOutcome } from './policy-outcome.ts';
import { digestSpec, recordApproval } from './record-approval.ts';
import type { PolicyResults, PolicySnapshot, Snapshot } from './snapshot.ts';
import { findSubmitter } from './submission.ts';

/** What the policies and the people together mean for one version. */
export interface Decision {
  readonly status: DecisionStatus;
  /** The reason of condition `Approved`. */
  readonly reason: ApprovedReason;
  /** The message of condition `Approved`: what happened, or what is missing and who can give it. */
  readonly message: string;
  readonly approvals: readonly ApprovalRecord[];
  /** Whether a rejection archives the version. */
  readonly archives: boolean;
  /** Time alone can change the decision after this many milliseconds. */
  readonly requeueAfterMs?: number;
}

/** The reason of the approval that moves nothing. */
export const NO_STAGE_ASKED = 'no stage is asked for';

/** How often a waiting version is judged again by policies that read the clock. */
const CLOCK_INTERVAL_MS = 60_000;

type Verdict = Pick<Decision, 'reason' | 'message'> & Pick<DecisionStatus, 'outcome' | 'by'>;

/** What is decided, before it is put down with its digests and times. */
export interface Judgement extends Verdict {
  readonly body: Pick<DecisionStatus, 'outcome' | 'by' | 'reasons' | 'warnings' | 'policies' | 'requirements'>;
  readonly approvals: readonly ApprovalRecord[];
  readonly enforced: readonly PolicySnapshot[];
  readonly waitingSince: string;
  readonly expiresInMs: number;
}

/**
 * Judges one generation of one version. Pure: the same snapshot and results give the same judgement.
 * Strictest first: a deny or an error cannot be approved away, and a rejection outranks approvals.
 */
export function judge(snapshot: Snapshot, results: PolicyResults): Judgement {
  const { modelVersion, now } = snapshot;
  const { generation = 1 } = modelVersion.metadata;
  const outcomes = snapshot.policies.map((policy) => parsePolicyOutcome(policy, results[policy.name]));
  const unasked = whyNobodyIsAsked(snapshot);
  const combined = unasked
    ? ({ kind: 'allow', requirements: [], reasons: [unasked], warnings: [] } as const)
    : combineOutcomes(outcomes, modelVersion.spec.approvers);
  const enforced = snapshot.policies.filter(({ spec }) => spec.mode !== 'Shadow');
  const separationOfDuties = enforced.some(({ spec }) => spec.separationOfDuties === true);
  const submitter = findSubmitter(snapshot);
  const records = recordApproval(snapshot);
  const count = countApprovals(records, {
    uid: modelVersion.metadata.uid ?? '',
    generation,
    specDigest: records.length > 0 ? digestSpec(modelVersion) : '',
    requirements: combined.requirements,
    errs: combined.kind === 'error',
    separationOfDuties,
    submitter,
  });
  const waitingSince = readWaitingSince(snapshot) ?? now;
  const expiresInMs = msUntilExpiry(outcomes, waitingSince, now);

  let verdict: Verdict;
  if (combined.kind === 'deny') {
    verdict = { outcome: 'Rejected', by: 'Policy', reason: 'PolicyDenied', message: combined.reasons.join('; ') };
  } else if (count.rejection) {
    const { user, reason } = count.rejection;
    verdict = { outcome: 'Rejected', by: 'People', reason: 'RejectedByApprover', message: `${user}: ${reason}` };
  } else if (combined.kind === 'error') {
    verdict = { outcome: 'Error', by: 'Policy', reason: 'PolicyError', message: combined.reasons.join('; ') };
  } else if (combined.kind === 'allow') {
    verdict = { outcome: 'Approved', by: 'Policy', reason: 'AutoApproved', message: combined.reasons.join('; ') };
  } else if (count.satisfied) {
    verdict = { outcome: 'Approved', by: 'People', reason: 'ManuallyApproved', message: describeApprovals(count) };
  } else if (expiresInMs <= 0) {
    const message = `nobody approved it within ${shortestTimeout(outcomes)}`;
    verdict = { outcome: 'Rejected', by: 'Policy', reason: 'Expired', message };
  } else {
    const hindrance = describeHindrance(snapshot, separationOfDuties ? explainUnknownSubmitter(submitter) : null);
    const message = `${describeMissing(count, combined.reasons)}${hindrance}`;
    verdict = { outcome: 'Pending', by: 'People', reason: 'AwaitingApproval', message };
  }

  const body = {
    outcome: verdict.outcome,
    by: verdict.by,
    reasons: [...combined.reasons],
    warnings: [...combined.warnings],
    policies: outcomes.map(({ policy, kind, reasons, evaluationMicroseconds }) => ({
      name: policy.name,
      generation: policy.generation,
      digest: policy.digest ?? '',
      outcome: kind,
      ...(policy.spec.mode === 'Shadow' ? { mode: policy.spec.mode } : {}),
      reasons: [...reasons],
      evaluationMicroseconds,
    })),
    requirements: [...count.requirements],
  };
  const judgement = { ...verdict, body, approvals: count.records, enforced, waitingSince, expiresInMs };
  const bytes = Buffer.byteLength(JSON.stringify(body));
  return bytes > MAX_BODY_BYTES ? { ...judgement, ...refuseAnswers(outcomes, body, bytes) } : judgement;
}

/** An object that etcd refuses would have no status, and nobody would see why. */
const MAX_BODY_BYTES = 256 * 1024;

function refuseAnswers(
  outcomes: readonly PolicyOutcome[],
  { policies }: Judgement['body'],
  bytes: number,
): Verdict & Pick<Judgement, 'body'> {
  const sized = outcomes.map(({ policy, reasons, warnings, requirements }) => ({
    name: policy.name,
    length: JSON.stringify([reasons, warnings, requirements]).length,
  }));
  const [longest] = sized.toSorted((a, b) => b.length - a.length);
  const message = `what the policies say takes ${Math.ceil(bytes / 1024)} KiB, and a status has room for ${MAX_BODY_BYTES / 1024} KiB of it: let ${longest?.name} say less`;
  const verdict = { outcome: 'Error', by: 'Policy', reason: 'PolicyError', message } as const;
  const { outcome, by } = verdict;
  const told = policies.map((policy) => ({ ...policy, reasons: [] }));
  return { ...verdict, body: { outcome, by, reasons: [message], warnings: [], policies: told, requirements: [] } };
}

/** Decides one generation of one version. Pure: the same snapshot and results give the same decision. */
export function decide(snapshot: Snapshot, results: PolicyResults): Decision {
  const { modelVersion, now } = snapshot;
  const { generation = 1 } = modelVersion.metadata;
  const { body, enforced, waitingSince, expiresInMs, reason, message, approvals } = judge(snapshot, results);
  const waits = body.outcome === 'Pending' || body.outcome === 'Error';
  const policyNames = snapshot.policies
    .map(({ name }) => name.slice(name.indexOf('/') + 1))
    .toSorted()
    .join(', ');
  const status: DecisionStatus = {
    id: identifyDecision(modelVersion.metadata.uid, { generation, ...body }),
    generation,
    ...body,
    ...(policyNames === '' ? {} : { policyNames }),
    inputDigest: digestOf(buildInput(snapshot)),
    policyDigest: digestPolicies(snapshot.policies),
    now,
    decidedAt: now,
    ...(waits ? { waitingSince } : {}),
  };
  // What errs has no time to be approved in: it expires when the policies answer again, if they still ask for people then.
  const expiryMs = body.outcome === 'Pending' ? expiresInMs : Number.POSITIVE_INFINITY;
  const requeueAfterMs = waits ? Math.min(expiryMs, msUntilClockMatters(enforced)) : Number.POSITIVE_INFINITY;
  return {
    status,
    reason,
    message,
    approvals,
    archives: enforced.length === 0 || enforced.some(({ spec }) => spec.onReject !== 'Keep'),
    ...(Number.isFinite(requeueAfterMs) ? { requeueAfterMs } : {}),
  };
}

/**
 * A version that asks for no stage and has none moves nowhere, so there is nothing to approve. One that is not served and
 * asks to be archived is withdrawn: nothing that is served changes. A policy that decides about that too names the stage.
 *
 * @returns null where policies and people decide
 */
function whyNobodyIsAsked({ modelVersion: { spec, status }, policies }: Snapshot): string | null {
  const stage = status?.stage ?? 'None';
  if (spec.stage === 'None') return stage === 'None' ? NO_STAGE_ASKED : null;
  if (spec.stage !== 'Archived' || isServedStage(stage)) return null;
  return policies.some(({ spec: { match, mode } }) => mode !== 'Shadow' && match?.stages?.includes('Archived'))
    ? null
    : 'withdrawn: it was not served';
}

/** @returns what names the policies that judge a version: their rules, and what of them is in force. */
export function digestPolicies(policies: readonly Pick<PolicySnapshot, 'name' | 'digest' | 'spec'>[]): string {
  return digestOf(policies.map(({ name, digest, spec }) => ({ name, digest, spec })));
}

type Identified = Pick<
  DecisionStatus,
  'generation' | 'outcome' | 'by' | 'reasons' | 'warnings' | 'policies' | 'requirements'
>;

/** @returns the decision's id: the same for the same decision whenever it is made; no clock or measurement goes in. */
export function identifyDecision(uid: string | undefined, decision: Identified): string {
  const { generation, outcome, by, reasons, warnings, policies, requirements } = decision;
  const verdicts = policies.map(({ evaluationMicroseconds: _, ...verdict }) => verdict);
  return digestOf({ uid, generation, outcome, by, reasons, warnings, policies: verdicts, requirements });
}

function readWaitingSince({ modelVersion: { metadata, status } }: Snapshot): string | undefined {
  const decision = status?.decision;
  return decision?.generation === metadata.generation ? decision?.waitingSince : undefined;
}

/** Only policies that ask for people set a time for them. */
function timeouts(outcomes: readonly PolicyOutcome[]): readonly string[] {
  return outcomes
    .filter(({ kind, policy }) => kind === 'require' && policy.spec.mode !== 'Shadow')
    .map(({ policy }) => policy.spec.pendingTimeout)
    .filter((timeout) => timeout !== undefined);
}

function shortestTimeout(outcomes: readonly PolicyOutcome[]): string | undefined {
  return timeouts(outcomes).toSorted((a, b) => parseDurationMs(a) - parseDurationMs(b))[0];
}

function msUntilExpiry(outcomes: readonly PolicyOutcome[], waitingSince: string, now: string): number {
  const timeout = shortestTimeout(outcomes);
  if (timeout === undefined) return Number.POSITIVE_INFINITY;
  return Date.parse(waitingSince) + parseDurationMs(timeout) - Date.parse(now);
}

function msUntilClockMatters(policies: readonly PolicySnapshot[]): number {
  return policies.some(({ readsClock }) => readsClock) ? CLOCK_INTERVAL_MS : Number.POSITIVE_INFINITY;
}

function describeApprovals({ records }: ApprovalCount): string {
  return records
    .filter(({ counted, verdict }) => counted && verdict === 'approve')
    .map(({ user, reason }) => `${user}: ${reason}`)
    .join('; ');
}

function describeMissing(count: ApprovalCount, reasons: readonly string[]): string {
  const open = count.requirements.filter((requirement) => requirement.approvedBy.length < requirement.count);
  const missing = open.map((requirement) => {
    const left = requirement.count - requirement.approvedBy.length;
    return `${left} ${left === 1 ? 'approval' : 'approvals'} by ${describeApprovers([requirement])}`;
  });
  const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
  return `waits for ${[...new Set(missing)].join(' and ')}${why}`;
}

/** @returns why no approval would count, for people; '' where one would. */
function describeHindrance({ approvalsVerified }: Snapshot, unknownSubmitter: string | null): string {
  if (!approvalsVerified) return '; approvals are not honoured until the admission policies are installed';
  return unknownSubmitter === null ? '' : `; no approval counts: ${unknownSubmitter}`;
}
