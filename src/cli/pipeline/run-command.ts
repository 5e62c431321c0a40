import { Command } from 'commander';
import { type Pipeline, runCommand, runPipeline } from '../../pipeline/index.ts';
import { exitBySignal } from '../exit-by-signal.ts';
import { EXIT, type ExitCode, renderExitCodes, toGateExitCode } from '../exit-code.ts';
import { addGateOptions, type GateOptions } from '../gate/gate-options.ts';
import { toGateStep } from '../gate/gate-step.ts';
import { requireSubject } from '../gate/require-subject.ts';
import { runGate } from '../gate/run-gate.ts';
import { createPaint, type Paint } from '../paint.ts';
import { printable } from '../printable.ts';
import { loadPipeline } from './load-pipeline.ts';

export function buildRunCommand(exit: (code: ExitCode) => void): Command {
  return addGateOptions(
    new Command('run')
      .summary('run the steps of a pipeline on this machine')
      .description(
        'Runs the steps that have a command, one after another, and waits at those of type approval. The first that fails is the last that runs.',
      )
      .argument('<file>', 'pipeline file'),
  )
    .addHelpText('after', renderExitCodes('run'))
    .action(async (file: string, options: Omit<GateOptions, 'output'>) => {
      const { pipeline, warnings, locate } = loadPipeline(file);
      for (const warning of warnings) console.error(warning);
      if (pipeline.steps.some(({ type }) => type === 'approval')) requireSubject(options);
      const placeOf = (step: Pipeline['steps'][number]) => locate(['steps', pipeline.steps.indexOf(step), 'name']);
      let code: ExitCode = EXIT.approved;
      const end = await runPipeline(pipeline, {
        runCommand,
        async gate(step) {
          const report = await runGate(toGateStep(step, placeOf(step)), { ...options, output: 'pretty' });
          code = toGateExitCode(report);
          return { stops: !report.continue };
        },
        onStep: (step, event) => console.error(describeStep(step.name, event, createPaint(process.stderr))),
      });
      if (end.kind === 'interrupted') exitBySignal(end.signal);
      exit(end.kind === 'failed' ? EXIT.rejected : code);
    });
}

type StepEvent = Parameters<Parameters<typeof runPipeline>[1]['onStep']>[1];

function describeStep(name: string, event: StepEvent, paint: Paint): string {
  const said = (text: string) => `${printable(name)}: ${text}`;
  switch (event.kind) {
    case 'started':
      return paint('bold', said('starts'));
    case 'done':
      return said('done');
    case 'skipped':
      return paint('dim', said('has no command, so there is nothing to run'));
    case 'failed':
      return paint('red', said(`failed with ${event.how}: no later step runs`));
    case 'stopped':
      return paint('red', said('not approved: no later step runs'));
    case 'interrupted':
      return paint('red', said(`ended by ${event.signal}`));
  }
}
