import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CliError } from '../cli-error.ts';
import { EXIT, type ExitCode, renderExitCodes, toTestExitCode } from '../exit-code.ts';
import { createPaint } from '../paint.ts';
import { untilSignal } from '../until-signal.ts';
import { type CoveredFile, openCoverage, percentCovered } from './coverage.ts';
import { loadSources } from './policy-source.ts';
import { openRegoTools, type RegoTools } from './rego-tools.ts';
import { renderCoverage, renderPercent } from './render-coverage.ts';
import { renderTests, TEST_FORMATS, type TestFormat } from './render-tests.ts';
import { type TestedPolicy, testPolicy } from './test-policy.ts';
import { watchFolders } from './watch-folders.ts';

interface TestOptions {
  readonly run?: RegExp;
  readonly output: TestFormat;
  readonly strict?: boolean;
  readonly coverage?: boolean;
  readonly threshold?: number;
  readonly watch?: boolean;
}

export function buildTestCommand(exit: (code: ExitCode) => void): Command {
  return (
    new Command('test')
      .summary('run the tests of policies where they decide')
      .description(
        'Runs Rego tests (*_test.rego) and YAML cases (*_cases.yaml, cases/*.yaml) of policies, in the runtime that decides.',
      )
      .argument('<file...>', 'policies with their tests: folders, .rego files, or YAML files')
      .option('--run <regex>', 'only tests whose name matches', parsePattern)
      .option('--strict', 'let a policy without tests fail too')
      // Coverage is of all tests: of some of them it would say what is not so.
      .addOption(new Option('--coverage', 'tell what of the policies no test has come to').conflicts('run'))
      .addOption(
        new Option('--threshold <percent>', 'fail where less is covered').argParser(parsePercent).conflicts('run'),
      )
      .option('--watch', 'run them again when a file changes, until Ctrl-C')
      .addOption(new Option('-o, --output <format>', 'output format').choices(TEST_FORMATS).default('pretty'))
      .addHelpText('after', renderExitCodes('test'))
      .action(async (paths: readonly string[], options: TestOptions) => {
        await using tools = openRegoTools();
        if (options.watch) exit(await testAgain(paths, options, tools));
        else exit(await testOnce(paths, options, tools));
      })
  );
}

/** @returns the exit code of the last run */
async function testAgain(paths: readonly string[], options: TestOptions, tools: RegoTools): Promise<ExitCode> {
  let code: ExitCode = EXIT.error;
  const run = async () => {
    code = await testOnce(paths, options, tools).catch(tellError);
    process.stderr.write('\nwaits for changes; Ctrl-C ends it\n');
  };
  using _ = watchFolders(paths, run);
  // Without a reader there is nobody to run them again for.
  await untilSignal(once(process.stdout, 'error'));
  return code;
}

/** A file that is being written may be anything for a moment. */
function tellError(error: unknown): ExitCode {
  if (error instanceof CliError) for (const problem of error.problems) console.error(problem);
  else console.error(error);
  return EXIT.error;
}

async function testOnce(paths: readonly string[], options: TestOptions, tools: RegoTools): Promise<ExitCode> {
  const { output, threshold, strict = false, coverage = threshold !== undefined } = options;
  const { tested, untested, covered } = await runTests(paths, { pattern: options.run ?? null, coverage }, tools);
  const paint = createPaint(process.stdout);
  if (!coverage) process.stdout.write(renderTests(tested, output, paint));
  else if (output === 'json') process.stdout.write(renderJson(tested, covered));
  else {
    process.stdout.write(renderTests(tested, output, paint));
    // What a CI system reads must not have anything else in it.
    const stream = output === 'pretty' ? process.stdout : process.stderr;
    stream.write(`\n${renderCoverage(covered, createPaint(stream))}`);
  }
  for (const path of untested) console.error(`${path}: ${strict ? '' : 'warning: '}the policy has no tests`);
  const tooLittle = threshold !== undefined && percentCovered(covered) < threshold;
  if (tooLittle) console.error(`coverage is ${renderPercent(covered)}, less than the threshold of ${threshold} %`);
  return toTestExitCode([
    ...tested.flatMap(({ tests }) => tests),
    { passed: !tooLittle },
    { passed: !(strict && untested.length > 0) },
  ]);
}

function renderJson(tested: readonly TestedPolicy[], covered: readonly CoveredFile[]): string {
  const tests = tested.flatMap(({ name: policy, tests }) => tests.map((test) => ({ policy, ...test })));
  return `${JSON.stringify({ tests, coverage: { percent: percentCovered(covered), files: covered } }, null, 2)}\n`;
}

interface Ran {
  readonly tested: readonly TestedPolicy[];
  /** The policies that have no tests at all. */
  readonly untested: readonly string[];
  /** Empty without coverage. */
  readonly covered: readonly CoveredFile[];
}

async function runTests(
  paths: readonly string[],
  { pattern, coverage }: { readonly pattern: RegExp | null; readonly coverage: boolean },
  tools: RegoTools,
): Promise<Ran> {
  const tested: TestedPolicy[] = [];
  const covered: CoveredFile[] = [];
  for (const source of loadSources(paths)) {
    if (coverage) {
      const covering = openCoverage(source, tools);
      tested.push(await testPolicy(source, pattern, covering));
      covered.push(...covering.report());
    } else tested.push(await testPolicy(source, pattern, tools));
  }
  if (tested.every(({ tests }) => tests.length === 0)) throw new CliError([adviseTests(paths, pattern)]);
  const untested = pattern ? [] : tested.filter(({ tests }) => tests.length === 0).map(({ path }) => path);
  return { tested: tested.filter(({ tests }) => tests.length > 0), untested, covered };
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

function parsePercent(text: string): number {
  const percent = Number(text);
  if (text.trim() === '' || !(percent >= 0 && percent <= 100))
    throw new InvalidArgumentError('The threshold is a number from 0 to 100.');
  return percent;
}
