import { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { buildBundleCommand } from './bundle/bundle-command.ts';
import { buildImpactCommand } from './impact/impact-command.ts';

/** What platform teams do with policies before they decide anything. */
export function buildPolicyCommand(exit: (code: ExitCode) => void): Command {
  return new Command('policy')
    .summary('write policies, ask what they would change, and hand them on')
    .description('Work on policies before they decide anything.')
    .addCommand(buildImpactCommand(exit))
    .addCommand(buildBundleCommand(exit));
}
