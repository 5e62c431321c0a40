import type { ApprovalStep, Pipeline, Step } from './pipeline-file.ts';
import type { CommandEnd } from './run-command.ts';

/** What became of one step, or of the whole pipeline. */
export type StepEnd =
  | { readonly kind: 'done' | 'skipped' }
  /** An approval step that lets nothing pass. */
  | { readonly kind: 'stopped' }
  /** A command that did not succeed, and how it ended. */
  | { readonly kind: 'failed'; readonly how: string }
  | { readonly kind: 'interrupted'; readonly signal: NodeJS.Signals };

export interface PipelinePorts {
  readonly runCommand: (commandLine: string) => Promise<CommandEnd>;
  readonly gate: (step: ApprovalStep) => Promise<{ readonly stops: boolean }>;
  readonly onStep: (step: Step, event: StepEnd | { readonly kind: 'started' }) => void;
}

/**
 * Runs the steps one after another. The first that does not succeed is the last that runs.
 *
 * @returns how that one ended; `done` where all succeeded
 */
export async function runPipeline({ steps }: Pipeline, ports: PipelinePorts): Promise<StepEnd> {
  for (const step of steps) {
    const end = await runStep(step, ports);
    ports.onStep(step, end);
    if (end.kind !== 'done' && end.kind !== 'skipped') return end;
  }
  return { kind: 'done' };
}

async function runStep(step: Step, { runCommand, gate, onStep }: PipelinePorts): Promise<StepEnd> {
  if (step.type === 'approval') {
    onStep(step, { kind: 'started' });
    const { stops } = await gate(step);
    return { kind: stops ? 'stopped' : 'done' };
  }
  if (step.run === undefined) return { kind: 'skipped' };
  onStep(step, { kind: 'started' });
  const end = await runCommand(step.run);
  switch (end.kind) {
    case 'interrupted':
      return end;
    case 'killed':
      return { kind: 'failed', how: `signal ${end.signal}` };
    case 'exited':
      return end.code === 0 ? { kind: 'done' } : { kind: 'failed', how: `exit code ${end.code}` };
  }
}
