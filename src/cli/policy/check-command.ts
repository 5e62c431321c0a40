import { Command, Option } from 'commander';
import { type ExitCode, renderExitCodes, toCheckExitCode } from '../exit-code.ts';
import { createPaint } from '../paint.ts';
import { checkPolicy } from './check-policy.ts';
import { loadSources } from './policy-source.ts';
import { openRegoTools } from './rego-tools.ts';
import { type CheckedPolicy, PROBLEM_FORMATS, type ProblemFormat, renderProblems } from './render-problems.ts';

interface CheckOptions {
  readonly strict?: boolean;
  readonly output: ProblemFormat;
}

export function buildCheckCommand(exit: (code: ExitCode) => void): Command {
  return new Command('check')
    .summary('find mistakes in policies')
    .description(
      'Compiles policies, checks what they read of input and data.parameters, and warns of what cannot be meant.',
    )
    .argument('<file...>', 'policies: folders, .rego files, or YAML files')
    .option('--strict', 'let warnings fail too')
    .addOption(new Option('-o, --output <format>', 'output format').choices(PROBLEM_FORMATS).default('pretty'))
    .addHelpText('after', renderExitCodes('check'))
    .action(async (paths: readonly string[], { strict = false, output }: CheckOptions) => {
      const sources = loadSources(paths);
      await using tools = openRegoTools();
      const checked: CheckedPolicy[] = [];
      for (const source of sources) {
        const { name } = source.policy.metadata;
        checked.push({ path: source.path, name, problems: await checkPolicy(source, tools.compiler) });
      }
      process.stdout.write(renderProblems(checked, output, createPaint(process.stdout)));
      exit(
        toCheckExitCode(
          checked.flatMap(({ problems }) => problems),
          { strict },
        ),
      );
    });
}
