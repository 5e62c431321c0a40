import { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { buildImpactCommand } from './impact/impact-command.ts';

export function buildPolicyCommand(exit: (code: ExitCode) => void): Command {
  return new Command('policy')
    .description('Work on policies before they decide anything.')
    .addCommand(buildImpactCommand(exit));
}
