import { Command } from 'commander';
import { controlPlaneFolder, issueKubeconfig } from '../dev/index.ts';

/** Commands for the local control plane that `npm start` runs in a checkout. */
export function buildDevCommand(): Command {
  const kubeconfig = new Command('kubeconfig')
    .summary('write a kubeconfig for any user of the local control plane')
    .description(
      'Writes a kubeconfig for any user of the control plane that `npm start` runs, and prints its path:\n' +
        '  KUBECONFIG=$(assent dev kubeconfig --user alice --group ml-leads) kubectl auth whoami',
    )
    .requiredOption('--user <name>', 'user name')
    .option('--group <name...>', 'groups of the user', [])
    .action(async ({ user, group }: { readonly user: string; readonly group: readonly string[] }) => {
      console.log(await issueKubeconfig(controlPlaneFolder, { user, groups: group }));
    });
  return new Command('dev').summary('the local control plane').addCommand(kubeconfig);
}
