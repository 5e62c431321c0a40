import { Command } from 'commander';
import type { ExitCode } from '../../exit-code.ts';
import { buildBuildCommand } from './build-command.ts';
import { buildPullCommand } from './pull-command.ts';
import { buildPushCommand } from './push-command.ts';
import { buildSignCommand } from './sign-command.ts';
import { buildBundleVerifyCommand } from './verify-command.ts';

export function buildBundleCommand(exit: (code: ExitCode) => void): Command {
  const command = new Command('bundle')
    .summary('build, sign, push, pull and verify bundles of policies')
    .description('Makes OPA bundles of policies, and takes them to a registry and back.');
  const commands = [
    buildBuildCommand(),
    buildSignCommand(),
    buildPushCommand(),
    buildPullCommand(),
    buildBundleVerifyCommand(exit),
  ];
  for (const subcommand of commands) command.addCommand(subcommand);
  return command;
}
