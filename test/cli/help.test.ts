import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/build-program.ts';

const golden = join(import.meta.dirname, 'golden', 'help.txt');
const STALE = 'The command line has changed. If it should: npx vitest run test/cli/help.test.ts --update';

test('the commands, their options and the exit codes are those that test/cli/golden/help.txt holds', async () => {
  await expect(renderHelp(await buildProgram(() => {})), STALE).toMatchFileSnapshot(golden);
});

const whole = await buildProgram(() => {});

test.for(whole.commands.map((command) => command.name()).filter((name) => name !== 'completion'))(
  'a call of %s builds that command, and leaves the others alone',
  async (name) => {
    const { commands } = await buildProgram(() => {}, { args: [name] });
    expect(commands.map((command) => command.name())).toContain(name);
    expect(commands.length).toBeLessThan(whole.commands.length / 2);
  },
);

/** The help of a command and of all below it, as a terminal of 80 columns shows it. */
function renderHelp(command: Command, parents: readonly string[] = []): string {
  const path = [...parents, command.name()];
  let help = '';
  const writeOut = (text: string) => {
    help += text;
  };
  command.configureOutput({ writeOut, getOutHelpWidth: () => 80, getOutHasColors: () => false });
  command.outputHelp();
  const below = command.commands.map((subcommand) => renderHelp(subcommand, path));
  return [`$ ${path.join(' ')} --help\n${help}`, ...below].join('\n');
}
