import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type ExitCode, renderExitCodes, toFormatExitCode } from '../exit-code.ts';
import { openRegoTools } from './rego-tools.ts';
import { renderDiff } from './render-diff.ts';

interface FormatOptions {
  readonly check?: boolean;
  readonly write?: boolean;
  readonly diff?: boolean;
}

interface FormattedFile {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

export function buildFmtCommand(exit: (code: ExitCode) => void): Command {
  return new Command('fmt')
    .summary('format Rego as opa fmt does')
    .description('Formats Rego modules as `opa fmt` does, and prints them; with an option it does something else.')
    .argument('<file...>', '.rego files, or folders of them')
    .option('--check', 'name the files that are not formatted')
    .option('--write', 'write the files back, and name those that changed')
    .option('--diff', 'show what would change')
    .addHelpText('after', renderExitCodes('fmt'))
    .action(async (paths: readonly string[], options: FormatOptions) => {
      const files = await formatFiles(paths.flatMap(findModules));
      const changed = files.filter(({ before, after }) => before !== after);
      if (options.write) for (const { file, after } of changed) writeFileSync(file, after);
      process.stdout.write(render(files, changed, options));
      exit(toFormatExitCode(options.check && !options.write ? changed.length : 0));
    });
}

function render(
  files: readonly FormattedFile[],
  changed: readonly FormattedFile[],
  { check, write, diff }: FormatOptions,
): string {
  if (diff) return changed.map(({ file, before, after }) => renderDiff(file, before, after)).join('');
  if (check || write) return changed.map(({ file }) => `${file}\n`).join('');
  return files.map(({ after }) => after).join('');
}

/** @throws CliError with what does not parse */
async function formatFiles(paths: readonly string[]): Promise<readonly FormattedFile[]> {
  await using tools = openRegoTools();
  const files: FormattedFile[] = [];
  const problems: string[] = [];
  for (const file of paths) {
    const before = readFileSync(file, 'utf8');
    const result = await tools.compiler.format(file, before);
    if (result.kind === 'formatted') files.push({ file, before, after: result.source });
    else
      problems.push(
        ...result.errors.map(({ line, column, code, message }) => `${file}:${line}:${column}: ${code}: ${message}`),
      );
  }
  if (problems.length > 0) throw new CliError(problems);
  return files;
}

function findModules(path: string): readonly string[] {
  if (!existsSync(path)) throw new CliError([`${path}: no such file or folder`]);
  if (!statSync(path).isDirectory()) {
    if (path.endsWith('.rego')) return [path];
    throw new CliError([
      `${path}: only .rego files are formatted: put the modules of a YAML file into files beside it`,
    ]);
  }
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rego'));
  if (names.length === 0) throw new CliError([`${path}: holds no .rego files`]);
  return names.toSorted().map((name) => join(path, name));
}
