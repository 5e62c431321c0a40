import type { z } from 'zod';
import { explainIssue } from './explain-issue.ts';
import { lintPipeline } from './lint-pipeline.ts';
import { Pipeline } from './pipeline-file.ts';

/** Something in a pipeline file that is wrong, or cannot be meant. */
export interface PipelineProblem {
  /** The field, from the root of the file. */
  readonly path: readonly PropertyKey[];
  readonly severity: 'error' | 'warning';
  /** Constant, for machines: `wrong-field` or the name of a lint rule. */
  readonly code: string;
  readonly message: string;
}

/** A pipeline that was read, with what was found in it. One with errors must not run, and has no `pipeline`. */
export interface CheckedPipeline {
  readonly pipeline: Pipeline | null;
  readonly problems: readonly PipelineProblem[];
}

/**
 * Checks a pipeline file's content, all of it at once. Nothing that it cannot read is passed over: a step that is
 * written wrongly is an error, never a step that is not there.
 *
 * @param value what the YAML holds
 */
export function checkPipeline(value: unknown): CheckedPipeline {
  const parsed = Pipeline.safeParse(value);
  if (!parsed.success) return { pipeline: null, problems: explain(parsed.error, value) };
  const problems = lintPipeline(parsed.data);
  return { pipeline: problems.some(({ severity }) => severity === 'error') ? null : parsed.data, problems };
}

function explain({ issues }: z.ZodError, value: unknown): readonly PipelineProblem[] {
  return issues
    .flatMap((issue) => explainIssue(issue, value))
    .map((found) => ({ ...found, severity: 'error', code: 'wrong-field' }));
}
