import { Command, Option } from 'commander';
import { type ExitCode, renderExitCodes, toCheckExitCode } from '../exit-code.ts';
import { createPaint } from '../paint.ts';
import { PROBLEM_FORMATS, type ProblemFormat, renderProblems } from '../policy/render-problems.ts';
import { readPipeline } from './load-pipeline.ts';

interface LintOptions {
  readonly strict?: boolean;
  readonly output: ProblemFormat;
}

const PIPELINE = { one: 'pipeline', several: 'pipelines' };

export function buildLintCommand(exit: (code: ExitCode) => void): Command {
  return new Command('lint')
    .summary('find mistakes in pipeline files')
    .description('Finds steps that are written wrongly, ask nobody, or deploy before they are approved.')
    .argument('<file...>', 'pipeline files')
    .option('--strict', 'let warnings fail too')
    .addOption(new Option('-o, --output <format>', 'output format').choices(PROBLEM_FORMATS).default('pretty'))
    .addHelpText('after', renderExitCodes('lint'))
    .action((files: readonly string[], { strict = false, output }: LintOptions) => {
      const checked = files.map((file) => ({ path: file, name: file, problems: readPipeline(file).problems }));
      process.stdout.write(renderProblems(checked, output, createPaint(process.stdout), PIPELINE));
      const problems = checked.flatMap((each) => each.problems);
      exit(toCheckExitCode(problems, { strict }));
    });
}
