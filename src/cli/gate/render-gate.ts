import { stringify } from 'yaml';
import type { GateOutcome, GateRequest } from '../../pipeline/index.ts';
import { type Paint, styleOf } from '../paint.ts';
import { renderJunit } from '../policy/render-junit.ts';
import { printable } from '../printable.ts';
import type { GateStep } from './gate-step.ts';

export const GATE_FORMATS = ['pretty', 'json', 'yaml'] as const;
export type GateFormat = (typeof GATE_FORMATS)[number];

/** How a gate ended, in the words of every output. */
export interface GateReport {
  readonly result: GateOutcome['end']['kind'];
  /** Whether the pipeline may go on: after an approval, or after a rejection where the step says continue. */
  readonly continue: boolean;
  readonly step: string | null;
  readonly namespace: string;
  readonly name: string;
  readonly model: string;
  readonly version: string;
  /** The stage that was asked for. */
  readonly requested: string;
  /** The stage in effect; null where nothing was decided. */
  readonly stage: string | null;
  readonly generation: number | null;
  /** A reason of the condition `Approved`, or why the gate ended without one. */
  readonly reason: string;
  readonly message: string;
  readonly approvedBy: readonly string[];
  readonly decisionId: string | null;
  readonly waitedSeconds: number;
}

const REASONS = {
  changed: 'SpecChanged',
  replaced: 'Replaced',
  deleted: 'Deleted',
  'timed-out': 'TimedOut',
  unreachable: 'ClusterUnreachable',
} as const;

export function buildReport(
  { end, question }: GateOutcome,
  request: GateRequest,
  { name: step, onReject }: Pick<GateStep, 'name' | 'onReject'>,
  { name, waitedMs }: { readonly name: string; readonly waitedMs: number },
): GateReport {
  const decided = end.kind === 'approved' || end.kind === 'rejected';
  return {
    result: end.kind,
    continue: end.kind === 'approved' || (end.kind === 'rejected' && onReject === 'continue'),
    step,
    namespace: request.namespace,
    name,
    model: request.model,
    version: request.version,
    requested: request.stage,
    stage: decided ? end.stage : null,
    generation: decided ? end.generation : (question?.generation ?? null),
    reason: decided ? end.reason : REASONS[end.kind],
    message: end.message,
    approvedBy: decided ? end.approvedBy : [],
    decisionId: decided ? end.decisionId : null,
    waitedSeconds: Math.round(waitedMs / 1_000),
  };
}

export function renderReport(report: GateReport, format: GateFormat, paint: Paint): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'yaml':
      return stringify(report, { lineWidth: 0 });
    case 'pretty':
      return renderPretty(report, paint);
  }
}

function renderPretty(report: GateReport, paint: Paint): string {
  const { result, name, reason, message, stage } = report;
  const colour = styleOf(result === 'approved' ? 'True' : result === 'rejected' ? 'False' : 'Unknown');
  const where = stage === null ? '' : ` (stage ${stage})`;
  const goesOn =
    result === 'rejected' && report.continue ? 'the step says on_reject: continue, so the pipeline goes on\n' : '';
  return `${paint(colour, `${name}: ${result}`)}: ${reason}${where}: ${printable(message)}\n${goesOn}`;
}

/** @returns the gate as one test of JUnit's, which fails unless the version is approved. */
export function renderGateJunit(report: GateReport, place: GateStep['place']): string {
  const { result, step, name, reason, message } = report;
  const failure = result === 'approved' ? null : `${result}: ${reason}: ${message}`;
  return renderJunit([
    { name: 'assent gate', cases: [{ name: `${step ?? 'approval'} of ${name}`, ...place, failure }] },
  ]);
}

/** @returns what later steps of a workflow can read. */
export function toOutputs(report: GateReport): Readonly<Record<string, string>> {
  return {
    result: report.result,
    continue: String(report.continue),
    reason: report.reason,
    message: report.message,
    name: report.name,
    namespace: report.namespace,
    stage: report.stage ?? '',
    'approved-by': report.approvedBy.join(','),
    'decision-id': report.decisionId ?? '',
  };
}
