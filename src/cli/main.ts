#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { CliError } from './cli-error.ts';
import { buildDevCommand } from './dev-command.ts';
import { buildEvaluateCommand } from './evaluate/evaluate-command.ts';
import { EXIT } from './exit-code.ts';
import { buildOperatorCommand } from './operator-command.ts';
import { readPackageInfo } from './package-info.ts';

const exit = (code: number): void => {
  process.exitCode = code;
};

const { description, version } = readPackageInfo();
const program = new Command('assent')
  .description(description)
  .version(version)
  .showHelpAfterError('(assent help COMMAND tells more)')
  .exitOverride();
for (const command of [buildOperatorCommand(), buildEvaluateCommand(exit), buildDevCommand()]) {
  program.addCommand(command.exitOverride());
}

try {
  await program.parseAsync();
} catch (error) {
  exit(reportError(error));
}

/** @returns the exit code. A user's mistake is one line a problem; only what is unknown shows its stack. */
function reportError(error: unknown): number {
  // Commander has printed its message already; help and version are no mistakes.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.approved : EXIT.error;
  if (error instanceof CliError) for (const problem of error.problems) console.error(problem);
  else if (error instanceof z.ZodError) for (const { message } of error.issues) console.error(message);
  else if (error instanceof Error && 'code' in error) console.error(error.message);
  else console.error(error);
  return EXIT.error;
}
