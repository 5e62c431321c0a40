import type { DecisionOutcome } from '../api/index.ts';
import type { GateReport } from './gate/render-gate.ts';

/** One meaning each, in every command; documented in docs/cli.md. */
export const EXIT = { approved: 0, rejected: 1, error: 2, waiting: 3, late: 4, unreachable: 5 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

type Meanings = Readonly<Partial<Record<keyof typeof EXIT, string>>>;

/** The codes of all commands, and of those that give more than success and error, as their help tells them. */
const MEANINGS = {
  all: {
    approved: 'done; what was asked about is approved, or counts',
    rejected: 'a version is rejected, or a decision does not count',
    error: 'wrong usage, or an error',
    waiting: 'a version waits for a person',
    late: 'a decision was not made, or not recorded, in time',
    unreachable: 'a gate lost the cluster for too long',
  },
  evaluate: {
    approved: 'done; every version is approved',
    rejected: 'a version is rejected',
    error: 'wrong usage, or an error: not everything could be decided',
    waiting: 'a version waits for a person, none is rejected',
  },
  impact: {
    approved: 'done',
    rejected: 'a version would flip, and --exit-code was given',
    error: 'wrong usage, or an error',
  },
  verify: {
    approved: 'everything fits',
    rejected: 'something does not fit: the line names the first entry',
    error: 'wrong usage, an error, or a record that was masked and cannot be checked',
  },
  replay: {
    approved: 'every decision is the same, byte for byte',
    rejected: 'one differs',
    error: 'wrong usage, or one cannot be replayed: the line says why',
  },
  diff: {
    approved: 'registry and cluster agree',
    rejected: 'a version differs',
    error: 'wrong usage, or an error',
  },
  sync: {
    approved: 'compared',
    rejected: 'the registry cannot be used, or not all was imported: the lines say why',
    error: 'wrong usage, an error, or not compared within --timeout',
  },
  bundle: {
    approved: 'every check holds',
    rejected: 'one does not: the line says which',
    error: 'wrong usage, or the bundle cannot be had',
  },
  check: {
    approved: 'no mistakes; there may be warnings',
    rejected: 'a mistake, or with --strict a warning',
    error: 'wrong usage, or a file that cannot be read',
  },
  render: {
    approved: 'printed',
    rejected: 'a mistake: nothing is printed',
    error: 'wrong usage, or a file that cannot be read',
  },
  test: {
    approved: 'every test passes',
    rejected: 'a test fails, too little is covered, or with --strict a policy has no tests',
    error: 'wrong usage, a policy that does not compile, a case that is none, or no tests',
  },
  fmt: {
    approved: 'done; every file is formatted',
    rejected: 'with --check: a file is not',
    error: 'wrong usage, or a file that does not parse',
  },
  decide: {
    approved: 'the decision is recorded, and it counts',
    rejected: 'it is recorded and does not count: the message says why',
    error: 'wrong usage, or an error: nothing was decided',
    late: 'it is not recorded within --timeout',
  },
  gate: {
    approved: 'approved; or rejected, where the step says on_reject: continue',
    rejected: 'rejected: the pipeline fails',
    error: 'wrong input, or an error; or the version was changed or deleted meanwhile',
    late: 'nobody decided within --timeout',
    unreachable: 'the cluster was out of reach for longer than --unreachable-for',
  },
  lint: {
    approved: 'no mistakes; there may be warnings',
    rejected: 'a mistake, or with --strict a warning',
    error: 'wrong usage, or a file that cannot be read',
  },
  run: {
    approved: 'every step is done',
    rejected: 'a command failed, or an approval step was rejected',
    error: 'wrong usage, a wrong file, or an error',
    late: 'nobody decided an approval step in time',
    unreachable: 'the cluster was out of reach for too long',
  },
} as const satisfies Readonly<Record<string, Meanings>>;

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

/** What became of a person's decision; `sent` is one that nobody waited for. */
export type DecisionResult = 'counted' | 'not-counted' | 'unrecorded' | 'sent';

const BY_RESULT: Readonly<Record<DecisionResult, ExitCode>> = {
  counted: EXIT.approved,
  sent: EXIT.approved,
  'not-counted': EXIT.rejected,
  unrecorded: EXIT.late,
};

/** @returns the exit code of `approve`, `reject` and `revoke`. */
export function toDecideExitCode(result: DecisionResult): ExitCode {
  return BY_RESULT[result];
}

const BY_GATE: Readonly<Record<GateReport['result'], ExitCode>> = {
  approved: EXIT.approved,
  rejected: EXIT.rejected,
  changed: EXIT.error,
  replaced: EXIT.error,
  deleted: EXIT.error,
  'timed-out': EXIT.late,
  unreachable: EXIT.unreachable,
};

/** @returns the exit code of `gate`, and of a pipeline that a gate has stopped. */
export function toGateExitCode(report: Pick<GateReport, 'result' | 'continue'>): ExitCode {
  return report.continue ? EXIT.approved : BY_GATE[report.result];
}

/** @returns the exit code of `policy check`, and of `pipeline lint`: warnings count only where they shall. */
export function toCheckExitCode(
  problems: readonly { readonly severity: 'error' | 'warning' }[],
  { strict }: { readonly strict: boolean },
): ExitCode {
  return problems.some(({ severity }) => strict || severity === 'error') ? EXIT.rejected : EXIT.approved;
}

/** @returns the exit code of `policy test`. */
export function toTestExitCode(tests: readonly { readonly passed: boolean }[]): ExitCode {
  return tests.every(({ passed }) => passed) ? EXIT.approved : EXIT.rejected;
}

/** @returns the exit code of `policy fmt`, by how many files it shall find fault with. */
export function toFormatExitCode(unformatted: number): ExitCode {
  return unformatted > 0 ? EXIT.rejected : EXIT.approved;
}

/** @returns the table of exit codes for the end of a help text. */
export function renderExitCodes(command: keyof typeof MEANINGS): string {
  const meanings: Meanings = MEANINGS[command];
  const names = ['approved', 'rejected', 'error', 'waiting', 'late', 'unreachable'] as const;
  const lines = names.filter((name) => meanings[name]).map((name) => `  ${EXIT[name]}  ${meanings[name]}`);
  return ['', 'Exit codes:', ...lines].join('\n');
}
