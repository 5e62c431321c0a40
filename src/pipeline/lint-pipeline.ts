import type { PipelineProblem } from './check-pipeline.ts';
import { type ApprovalStep, DEPLOYING_TYPES, type Pipeline, type Step } from './pipeline-file.ts';

/** @returns what a pipeline says that cannot be meant, although every field of it is one. */
export function lintPipeline({ steps }: Pipeline): readonly PipelineProblem[] {
  return steps.flatMap((step, index) => {
    const before = steps.slice(0, index);
    const found = [findSameName(step, before), findIgnoredApprovers(step), findUnapprovedDeployment(step, before)];
    return found.flatMap((problem) =>
      problem ? [{ ...problem, path: ['steps', index, ...problem.path] } satisfies PipelineProblem] : [],
    );
  });
}

export function isApproval(step: Step): step is ApprovalStep {
  return step.type === 'approval';
}

/** Its path is within the step; null where there is none. */
type StepProblem = PipelineProblem | null;

function findSameName({ name }: Step, before: readonly Step[]): StepProblem {
  if (!before.some((step) => step.name === name)) return null;
  const message = `there is another step of the name ${name}: a step is called by its name, so give each its own`;
  return { path: ['name'], severity: 'error', code: 'same-name', message };
}

function findIgnoredApprovers({ type, inputs = {} }: Step): StepProblem {
  if (type === 'approval' || !('approvers' in inputs)) return null;
  const message = `a step of type ${type} asks nobody: write type: approval, or leave approvers out`;
  return { path: ['inputs', 'approvers'], severity: 'error', code: 'ignored-approvers', message };
}

/** By its type a step deploys for certain, which is an error; by its name it may, which is a warning. */
function findUnapprovedDeployment(step: Step, before: readonly Step[]): StepProblem {
  const isCertain = DEPLOYING_TYPES.some((type) => type === step.type);
  const isLikely = step.type !== 'approval' && LIKELY_NAME.test(step.name);
  const approvals = before.filter(isApproval);
  if (!(isCertain || isLikely) || approvals.some(({ on_reject }) => on_reject === 'fail_pipeline')) return null;
  const code = 'unapproved-deployment';
  const last = approvals.at(-1);
  const message = last
    ? `${step.name} deploys although ${last.name} was rejected: write on_reject: fail_pipeline there`
    : `${step.name} deploys before anybody has approved: put a step of type approval before it`;
  return isCertain
    ? { path: ['type'], severity: 'error', code, message }
    : { path: ['name'], severity: 'warning', code, message: `by its name, ${message}` };
}

const LIKELY_NAME = /(^|[^a-z])(deploy|rollout|promote|serve)/i;
