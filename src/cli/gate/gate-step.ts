import type { Stage } from '../../api/index.ts';
import { type ApprovalStep, findApproval, type RejectAction } from '../../pipeline/index.ts';
import { CliError } from '../cli-error.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';

/** What an approval step asks, by a pipeline file or by flags. */
export interface GateStep {
  /** The step's name; null where there is no file. */
  readonly name: string | null;
  readonly place: { readonly file: string; readonly line: number } | null;
  readonly approvers: readonly string[];
  readonly onReject: RejectAction;
  /** What the file leaves open, flags say. */
  readonly stage?: Stage | undefined;
  readonly timeout?: string | undefined;
}

export interface GateStepFlags {
  readonly file?: string;
  readonly step?: string;
  readonly approvers?: readonly string[];
  readonly byPolicy?: boolean;
  readonly onReject?: RejectAction;
}

/** @throws CliError where nobody would be asked, or the file is wrong in any way */
export function readGateStep({ file, step, approvers, byPolicy, onReject = 'fail_pipeline' }: GateStepFlags): GateStep {
  if (file === undefined) {
    if (step !== undefined) throw new CliError(['--step names a step of a file: give the file with -f']);
    if (approvers === undefined && !byPolicy)
      throw new CliError([
        'nobody would be asked: give -f FILE with an approval step, or --approvers NAME…, or --by-policy to ask whom the policies name',
      ]);
    return { name: null, place: null, approvers: approvers ?? [], onReject };
  }
  const { pipeline, warnings, locate } = loadPipeline(file);
  for (const warning of warnings) console.error(warning);
  const found = findApproval(pipeline, step);
  if ('problem' in found) throw new CliError([`${locate(['steps']).text}: ${found.problem}`]);
  return toGateStep(found, locate(['steps', pipeline.steps.indexOf(found), 'name']));
}

export function toGateStep({ name, inputs, on_reject }: ApprovalStep, place: GateStep['place']): GateStep {
  const { approvers = [], stage, timeout } = inputs;
  return { name, place, approvers, onReject: on_reject, stage, timeout };
}
