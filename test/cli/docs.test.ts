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
  const [name = '', ...rest] = example.match(/"[^"]*"|\S+/g) ?? [];
  const command = program.commands.find((candidate) => candidate.name() === name);
  const { operands, unknown } = parse(command, rest);
  expect(unknown).toEqual([]);
  expect(operands).toHaveLength(command?.registeredArguments.length ?? 0);
});

function parse(command: Command | undefined, args: readonly string[]) {
  if (!command) throw new Error('there is no such command');
  return command.parseOptions([...args]);
}
