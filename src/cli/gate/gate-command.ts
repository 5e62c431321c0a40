import { Command, InvalidArgumentError, Option } from 'commander';
import { REJECT_ACTIONS, StepApprovers } from '../../pipeline/index.ts';
import { type ExitCode, renderExitCodes, toGateExitCode } from '../exit-code.ts';
import { addGateOptions, type GateOptions } from './gate-options.ts';
import { type GateStepFlags, readGateStep } from './gate-step.ts';
import { GATE_FORMATS } from './render-gate.ts';
import { requireSubject } from './require-subject.ts';
import { runGate } from './run-gate.ts';

export function buildGateCommand(exit: (code: ExitCode) => void): Command {
  const command = new Command('gate')
    .summary('wait in a pipeline until a version is approved')
    .description(
      'The approval step of a pipeline: creates the ModelVersion or finds it, asks for the stage, and waits until it is decided.',
    )
    .option('-f, --file <file>', 'pipeline file with the step')
    .option('--step <name>', 'which step of the file (default: its only approval)')
    .addOption(
      new Option(
        '--approvers <name...>',
        'without a file: who is asked; users, group:NAME, serviceaccount:NAMESPACE:NAME',
      )
        .argParser(collectApprover)
        .conflicts(['file', 'byPolicy']),
    )
    .addOption(new Option('--by-policy', 'without a file: ask whom the policies name').conflicts('file'))
    .addOption(
      new Option('--on-reject <action>', 'without a file: what a rejection does (default: fail_pipeline)')
        .choices(REJECT_ACTIONS)
        .conflicts('file'),
    );
  return addGateOptions(command)
    .option('--junit <file>', 'write the result as JUnit XML too')
    .addOption(new Option('-o, --output <format>', 'output format').choices(GATE_FORMATS).default('pretty'))
    .addHelpText('after', renderExitCodes('gate'))
    .action(async (options: GateStepFlags & GateOptions) => {
      requireSubject(options);
      exit(toGateExitCode(await runGate(readGateStep(options), options)));
    });
}

function collectApprover(text: string, before: readonly string[] = []): readonly string[] {
  const parsed = StepApprovers.safeParse([...before, text]);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join('; '));
  return parsed.data;
}
