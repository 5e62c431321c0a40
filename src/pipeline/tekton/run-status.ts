import type { GateAnswer } from '../judge-gate.ts';
import { type AskedQuestion, type CustomRun, succeededOf } from './custom-run.ts';

/** How a run stands: what its condition `Succeeded` says, and what else of its status changes with it. */
export interface RunState {
  readonly succeeded: 'True' | 'False' | 'Unknown';
  /** One of Tekton's own where it has one. */
  readonly reason: string;
  readonly message: string;
  readonly question?: AskedQuestion;
  readonly answer?: GateAnswer;
}

/** What a merge patch of the status holds: null takes a field away. */
type StatusPatch = Readonly<Record<string, unknown>>;

/**
 * @returns what to write, as Tekton's contract for custom tasks has it; null where the run says all of that already
 * @param now RFC 3339
 */
export function nextRunStatus(run: CustomRun, state: RunState, now: string): StatusPatch | null {
  const { succeeded: status, reason, message, question, answer } = state;
  const { conditions, startTime } = run.status;
  const told = succeededOf(run.status);
  const isTold = told?.status === status && told.reason === reason && told.message === message;
  if (isTold && question === undefined && startTime !== undefined) return null;
  return {
    observedGeneration: run.metadata.generation,
    startTime: startTime ?? now,
    ...(status === 'Unknown' ? {} : { completionTime: now }),
    conditions: [
      ...conditions.filter(({ type }) => type !== 'Succeeded'),
      { type: 'Succeeded', status, reason, message, lastTransitionTime: isTold ? told.lastTransitionTime : now },
    ],
    ...(question ? { extraFields: question } : {}),
    ...(answer ? { results: buildResults(run, answer) } : {}),
  };
}

/** @returns what ends an attempt and begins the next: Tekton must not see `Succeeded` as False while another try is left. */
export function nextAttemptStatus(run: CustomRun, message: string, now: string): StatusPatch {
  const { retriesStatus, startTime, extraFields } = run.status;
  const failed = { type: 'Succeeded', status: 'False', reason: 'CustomRunTimedOut', message, lastTransitionTime: now };
  const attempt = { conditions: [failed], startTime, completionTime: now, ...(extraFields ? { extraFields } : {}) };
  const next = {
    type: 'Succeeded',
    status: 'Unknown',
    reason: 'Started',
    message: 'tried again',
    lastTransitionTime: now,
  };
  return {
    observedGeneration: run.metadata.generation,
    startTime: now,
    retriesStatus: [...(retriesStatus ?? []), attempt],
    conditions: [...run.status.conditions.filter(({ type }) => type !== 'Succeeded'), next],
    extraFields: null,
  };
}

/** Tekton's results are strings. Later tasks read them as `$(tasks.NAME.results.decision)`. */
function buildResults({ status }: CustomRun, { kind, stage, approvedBy, message }: GateAnswer) {
  const values = {
    decision: kind,
    stage,
    approvedBy: approvedBy.join(','),
    reason: message,
    modelVersion: status.extraFields?.modelVersion ?? '',
  };
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
