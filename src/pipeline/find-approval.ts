import { nearNames } from '../api/index.ts';
import { isApproval } from './lint-pipeline.ts';
import type { ApprovalStep, Pipeline } from './pipeline-file.ts';

/**
 * @param name the step's; without one it is the only approval that there is
 * @returns the step, or what to tell whoever named it
 */
export function findApproval(
  { steps }: Pipeline,
  name: string | undefined,
): ApprovalStep | { readonly problem: string } {
  const approvals = steps.filter(isApproval);
  const listed = approvals.map((step) => step.name).join(', ');
  const [only, ...others] = approvals;
  if (!only) return { problem: 'no step is of type approval: there is nothing to wait for' };
  if (name === undefined) return others.length === 0 ? only : { problem: `say which approval with --step: ${listed}` };
  const found = steps.find((step) => step.name === name);
  if (found && isApproval(found)) return found;
  if (found)
    return { problem: `${name} is of type ${found.type}, and not of type approval; steps that are: ${listed}` };
  const [near] = nearNames(
    name,
    steps.map((step) => step.name),
  );
  const hint = near === undefined ? '' : `: did you mean ${near}?`;
  return { problem: `no step ${name}${hint}; the steps are ${steps.map((step) => step.name).join(', ')}` };
}
