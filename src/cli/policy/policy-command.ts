import { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { buildBenchCommand } from './bench-command.ts';
import { buildBundleCommand } from './bundle/bundle-command.ts';
import { buildCheckCommand } from './check-command.ts';
import { buildEvalCommand } from './eval-command.ts';
import { buildExplainCommand } from './explain-command.ts';
import { buildFmtCommand } from './fmt-command.ts';
import { buildImpactCommand } from './impact/impact-command.ts';
import { buildInitCommand } from './init-command.ts';
import { buildRenderCommand } from './render-command.ts';
import { buildTestCommand } from './test-command.ts';

/** Commands for those who write policies, each in a file of its own. */
export function buildPolicyCommand(exit: (code: ExitCode) => void): Command {
  const commands = [
    buildInitCommand(),
    buildCheckCommand(exit),
    buildTestCommand(exit),
    buildFmtCommand(exit),
    buildEvalCommand(),
    buildExplainCommand(),
    buildBenchCommand(),
    buildImpactCommand(exit),
    buildRenderCommand(exit),
    buildBundleCommand(exit),
  ];
  const policy = new Command('policy')
    .summary('write policies, test them, ask what they would change, and hand them on')
    .description('Commands for those who write policies.');
  for (const command of commands) policy.addCommand(command);
  return policy;
}
