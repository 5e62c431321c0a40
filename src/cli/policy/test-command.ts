import { Command, InvalidArgumentError, Option } from 'commander';
import { CliError } from '../cli-error.ts';
import { type ExitCode, renderExitCodes, toTestExitCode } from '../exit-code.ts';
import { createPaint } from '../paint.ts';
import { loadSources } from './policy-source.ts';
import { openRegoTools, type RegoTools } from './rego-tools.ts';
import { renderTests, TEST_FORMATS, type TestFormat } from './render-tests.ts';
import { type TestedPolicy, testPolicy } from './test-policy.ts';

interface TestOptions {
  readonly run?: RegExp;
  readonly output: TestFormat;
}

export function buildTestCommand(exit: (code: ExitCode) => void): Command {
  return new Command('test')
    .summary('run the tests of policies where they decide')
    .description(
      'Runs Rego tests (*_test.rego) and YAML cases (*_cases.yaml, cases/*.yaml) of policies, in the runtime that decides.',
    )
    .argument('<file...>', 'policies with their tests: folders, .rego files, or YAML files')
    .option('--run <regex>', 'only tests whose name matches', parsePattern)
    .addOption(new Option('-o, --output <format>', 'output format').choices(TEST_FORMATS).default('pretty'))
    .addHelpText('after', renderExitCodes('test'))
    .action(async (paths: readonly string[], options: TestOptions) => {
      await using tools = openRegoTools();
      const tested = await runTests(paths, options, tools);
      process.stdout.write(renderTests(tested, options.output, createPaint(process.stdout)));
      exit(toTestExitCode(tested.flatMap(({ tests }) => tests)));
    });
}

async function runTests(
  paths: readonly string[],
  { run: pattern = null }: { readonly run?: RegExp | null },
  tools: RegoTools,
): Promise<readonly TestedPolicy[]> {
  const tested: TestedPolicy[] = [];
  for (const source of loadSources(paths)) tested.push(await testPolicy(source, pattern, tools));
  if (tested.every(({ tests }) => tests.length === 0)) throw new CliError([adviseTests(paths, pattern)]);
  return tested.filter(({ tests }) => tests.length > 0);
}

/** No test is no success: nobody would see that a folder was renamed. */
function adviseTests(paths: readonly string[], pattern: RegExp | null): string {
  const where = paths.join(', ');
  return pattern
    ? `${where}: no test has a name that matches ${pattern.source}: leave --run out to see them all`
    : `${where}: no tests found: write rules test_… of package approval_test in *_test.rego, or cases in *_cases.yaml (\`assent policy init\` shows both)`;
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
