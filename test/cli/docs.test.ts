import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/build-program.ts';
import { repositoryRoot } from '../../src/dev/index.ts';

const text = readFileSync(join(repositoryRoot, 'docs', 'cli.md'), 'utf8');
const program = await buildProgram(() => {});

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
  const known = command.registeredArguments;
  expect(operands.length).toBeGreaterThanOrEqual(known.filter(({ required }) => required).length);
  if (!known.some(({ variadic }) => variadic)) expect(operands.length).toBeLessThanOrEqual(known.length);
});

/** Goes down to a command of a command, such as `policy check`. */
function findCommand(parent: Command, words: readonly string[]): { command: Command; args: readonly string[] } {
  const [name, ...rest] = words;
  const command = parent.commands.find((candidate) => candidate.name() === name);
  if (command) return findCommand(command, rest);
  if (parent.commands.length > 0) throw new Error(`there is no command ${name}`);
  return { command: parent, args: words };
}
