import { CommanderError } from 'commander';
import { z } from 'zod';
import { listProblems, renderProblem } from '../api/index.ts';
import { KubeApiError } from '../kube/index.ts';
import { buildProgram } from './build-program.ts';
import { CliError } from './cli-error.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { explainBundleError, isBundleError } from './explain-bundle-error.ts';
import { explainKubeApiError } from './explain-kube-error.ts';
import { nameProgram } from './program-name.ts';
import { showHelp } from './show-help.ts';

let outputLost = false;
const exit = (code: ExitCode): void => {
  process.exitCode = outputLost ? EXIT.error : code;
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Who reads the output may have seen enough, as `head` has. The command goes on: its exit code is still its result.
  if (error.code === 'EPIPE' || outputLost) return;
  outputLost = true;
  exit(EXIT.error);
  console.error(`standard output cannot be written: ${error.message}`);
});
// Nowhere is left to tell of it, and the result is not less true.
process.stderr.on('error', () => {});

try {
  const [, script, ...args] = process.argv;
  const program = await buildProgram(exit, { name: nameProgram(script), args });
  const [first, ...names] = args;
  if (first === 'help' && names.length > 0) showHelp(program, names);
  await program.parseAsync();
} catch (error) {
  exit(reportError(error));
}

/** @returns the exit code. A user's mistake is one line a problem; only what is unknown shows its stack. */
function reportError(error: unknown): ExitCode {
  // Commander has printed its message already; help and version are no mistakes.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.approved : EXIT.error;
  if (error instanceof CliError) for (const problem of error.problems) console.error(problem);
  else if (error instanceof KubeApiError) for (const problem of explainKubeApiError(error)) console.error(problem);
  else if (isBundleError(error)) for (const problem of explainBundleError(error)) console.error(problem);
  else if (error instanceof z.ZodError)
    for (const problem of listProblems(error)) console.error(renderProblem(problem));
  else if (error instanceof Error && 'code' in error) console.error(error.message);
  else console.error(error);
  return EXIT.error;
}
