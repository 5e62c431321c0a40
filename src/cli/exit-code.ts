import type { DecisionOutcome } from '../api/index.ts';

/** One meaning each; documented in the README. */
export const EXIT = { approved: 0, rejected: 1, error: 2, waiting: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  approved: 'done; every version is approved',
  rejected: 'a version is rejected',
  error: 'wrong usage, or an error: not everything could be decided',
  waiting: 'a version waits for a person, none is rejected',
};

const BY_OUTCOME: Readonly<Record<DecisionOutcome, ExitCode>> = {
  Approved: EXIT.approved,
  Pending: EXIT.waiting,
  Rejected: EXIT.rejected,
  Error: EXIT.error,
};

/** Worst last: an error says that the rest cannot be relied on. */
const SEVERITY: readonly ExitCode[] = [EXIT.approved, EXIT.waiting, EXIT.rejected, EXIT.error];

/** @returns the exit code of several decisions: 0 only if all are approved. */
export function toExitCode(outcomes: readonly DecisionOutcome[]): ExitCode {
  const codes = outcomes.map((outcome) => BY_OUTCOME[outcome]);
  return SEVERITY.findLast((code) => codes.includes(code)) ?? EXIT.approved;
}

/** @returns the table of exit codes for the end of a help text. */
export function renderExitCodes(): string {
  const names = ['approved', 'rejected', 'error', 'waiting'] as const;
  return ['', 'Exit codes:', ...names.map((name) => `  ${EXIT[name]}  ${MEANINGS[name]}`)].join('\n');
}
