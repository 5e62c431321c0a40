import { Command } from 'commander';
import { CliError } from './cli-error.ts';

/**
 * Commands for the local control plane that `npm start` runs in a checkout. The published package does not hold the
 * development environment, so it is loaded by need.
 */
export function buildDevCommand(): Command {
  const kubeconfig = new Command('kubeconfig')
    .summary('write a kubeconfig for any user of the local control plane')
    .description('Writes a kubeconfig for any user of the control plane that `npm start` runs, and prints its path.')
    // Not in the description, which is wrapped: an example stays one line.
    .addHelpText(
      'after',
      '\nExample:\n  KUBECONFIG=$(assent dev kubeconfig --user alice --group ml-leads) kubectl auth whoami',
    )
    .requiredOption('--user <name>', 'user name')
    .option('--group <name...>', 'groups of the user')
    .action(async ({ user, group }: { readonly user: string; readonly group?: readonly string[] }) => {
      const { controlPlaneFolder, issueKubeconfig } = await loadDevelopmentEnvironment();
      console.log(await issueKubeconfig(controlPlaneFolder, { user, groups: group ?? [] }));
    });
  return new Command('dev').summary('the local control plane').addCommand(kubeconfig);
}

async function loadDevelopmentEnvironment() {
  try {
    return await import('../dev/index.ts');
  } catch (cause) {
    throw new CliError(
      ['`assent dev` works in a checkout of the repository, where `npm start` runs the control plane'],
      { cause },
    );
  }
}
