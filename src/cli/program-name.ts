import { basename } from 'node:path';
import type { Command } from 'commander';

const PLUGIN = 'kubectl-assent';

/**
 * @param script the path that the process was started by, which is the link's own where it is one
 * @returns how a user calls this program: kubectl runs the plugin `kubectl-assent` as `kubectl assent`
 */
export function nameProgram(script: string | undefined): string {
  return basename(script ?? '') === PLUGIN ? 'kubectl assent' : 'assent';
}

/** @returns the program's name, for a message that shows another command. */
export function programName(command: Command): string {
  return command.parent ? programName(command.parent) : command.name();
}
