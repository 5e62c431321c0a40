export { type GateRequest, OtherVersionError } from './ask-for-stage.ts';
export type { GateEnd } from './await-answer.ts';
export { checkPipeline, type PipelineProblem } from './check-pipeline.ts';
export { findApproval } from './find-approval.ts';
export type { GatedVersion } from './gated-version.ts';
export type { GateQuestion } from './judge-gate.ts';
export { type GateOutcome, openGate } from './open-gate.ts';
export {
  type ApprovalStep,
  LONGEST_GATE_MS,
  type Pipeline,
  REJECT_ACTIONS,
  type RejectAction,
  StepApprovers,
} from './pipeline-file.ts';
export { renderOutputs } from './render-outputs.ts';
export { ENDING_SIGNALS, runCommand } from './run-command.ts';
export { runPipeline } from './run-pipeline.ts';
export { type ApprovalTasks, startApprovalTasks } from './tekton/approval-tasks.ts';
