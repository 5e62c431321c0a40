import type { Command } from 'commander';
import { nearNames } from '../api/index.ts';

/**
 * `help policy check`: Commander's own takes one word, and of one that it does not know it shows the help of all.
 *
 * @throws CommanderError once it is shown, or where there is no such command
 */
export function showHelp(program: Command, names: readonly string[]): never {
  let found = program;
  for (const name of names) {
    const next = found.commands.find((command) => command.name() === name);
    if (!next) return refuse(found, name);
    found = next;
  }
  return found.help();
}

function refuse(parent: Command, name: string): never {
  const [near] = nearNames(
    name,
    parent.commands.map((command) => command.name()),
  );
  return parent.error(`error: unknown command '${name}'${near === undefined ? '' : `\n(Did you mean ${near}?)`}`);
}
