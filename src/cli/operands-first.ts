import type { Command } from 'commander';

/**
 * An option that takes several values takes all that follows it, the command's own argument too. So the help shows
 * arguments before options, and who wrote it the other way round is told.
 */
export function putOperandsFirst(command: Command): void {
  const operands = describeOperands(command);
  if (operands === '') return;
  command.usage(`${operands} [options]`);
  const { outputError } = command.configureOutput();
  command.configureOutput({
    outputError(text, write) {
      outputError?.(text, write);
      const greedy = command.options.find(
        (option) => option.variadic && command.getOptionValueSource(option.attributeName()) === 'cli',
      );
      if (greedy && text.startsWith('error: missing required argument'))
        write(
          `option '${greedy.flags}' takes all that follows it: write ${operands} before it, or put -- between them\n`,
        );
    },
  });
}

/** @returns the command in the list of its parent, in the order in which it is to be written */
export function describeCommand(command: Command): string {
  const options = command.options.length > 0 ? ['[options]'] : [];
  return [command.name(), describeOperands(command), ...options].filter(Boolean).join(' ');
}

function describeOperands({ registeredArguments }: Command): string {
  return registeredArguments
    .map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return argument.required ? `<${name}>` : `[${name}]`;
    })
    .join(' ');
}
