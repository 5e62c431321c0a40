import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/build-program.ts';
import { repositoryRoot } from '../../src/dev/index.ts';

const text = readFileSync(join(repositoryRoot, 'docs', 'cli.md'), 'utf8');
const program = buildProgram(() => {});

test('docs/cli.md names every command', () => {
  for (const command of program.commands) expect(text).toMatch(new RegExp(`\`(assent )?${command.name()}\\b`));
});

const examples = [...text.matchAll(/^\$ assent (.*)$|^(?:source <\()?assent (completion \w+)/gm)].map(
  ([, shown, sourced]) => shown ?? sourced ?? '',
);

test.for(examples)('the example `assent %s` is one that the program takes', (example) => {
  const { command, args } = findCommand(program, example.match(/"[^"]*"|\S+/g) ?? []);
  const { operands, unknown } = command.parseOptions([...args]);
  expect(unknown).toEqual([]);
  expect(operands).toHaveLength(command.registeredArguments.length);
});

interface Found {
  readonly command: Command;
  readonly args: readonly string[];
}

/** Follows the words to the command that they name: `policy impact` is below `policy`. */
function findCommand(parent: Command, [name = '', ...rest]: readonly string[]): Found {
  const command = parent.commands.find((candidate) => candidate.name() === name);
  if (!command) throw new Error(`there is no command ${name}`);
  return command.commands.length > 0 ? findCommand(command, rest) : { command, args: rest };
}
