import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { programName } from '../program-name.ts';
import { buildInitFiles } from './init-files.ts';

export function buildInitCommand(): Command {
  return new Command('init')
    .summary('start a policy, with tests')
    .description('Writes a policy with parameters, Rego tests and YAML cases to start from. It overwrites nothing.')
    .argument('<folder>', 'where to write them; made where it is missing. Its name becomes the name of the policy')
    .action((folder: string, _: unknown, command: Command) => {
      const written = writeFiles(folder, buildInitFiles(nameOf(folder)));
      const program = programName(command);
      process.stdout.write(
        [
          ...written.map((path) => `wrote ${path}`),
          '',
          'Next:',
          `  ${program} policy check ${folder}`,
          `  ${program} policy test ${folder}`,
          `  ${program} policy render ${folder} | kubectl apply -f -`,
          '',
        ].join('\n'),
      );
    });
}

/** @throws CliError where the folder's name is none that a Kubernetes object can have */
function nameOf(folder: string): string {
  const name = basename(resolve(folder));
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new CliError([
    `${folder}: the folder's name becomes the policy's, which has small letters, digits and - only: choose another`,
  ]);
}

/** All or nothing. */
function writeFiles(folder: string, files: Readonly<Record<string, string>>): readonly string[] {
  const paths = Object.keys(files).map((name) => join(folder, name));
  const there = paths.filter((path) => existsSync(path));
  if (there.length > 0)
    throw new CliError([`${there.join(', ')}: already there, and nothing is overwritten: choose another folder`]);
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { flag: 'wx' });
  } catch (cause) {
    throw new CliError([`${folder}: cannot be written: ${cause instanceof Error ? cause.message : cause}`], { cause });
  }
  return paths;
}
