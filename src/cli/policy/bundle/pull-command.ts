import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { fetchBundle, writeArchive } from '../../../distribution/index.ts';
import { addCheckOptions, buildChecks, type CheckOptions } from './check-options.ts';
import { describeArchive } from './describe-archive.ts';
import { locateBundle, PLACES } from './locate-bundle.ts';
import { addRegistryOptions, buildTransport, type RegistryOptions } from './registry-options.ts';

interface PullOptions extends RegistryOptions, CheckOptions {
  readonly output: string;
}

export function buildPullCommand(): Command {
  const command = new Command('pull')
    .summary('take a bundle out of a registry')
    .description('Fetches a bundle, and writes it where every check that is asked for holds.')
    .argument('<bundle>', PLACES)
    .option('-o, --output <file>', 'the bundle', 'bundle.tar.gz');
  return addRegistryOptions(addCheckOptions(command)).action(pull);
}

async function pull(place: string, options: PullOptions): Promise<void> {
  const fetched = await fetchBundle(locateBundle(place), buildChecks(options), buildTransport(options));
  if (fetched.kind === 'unchanged') return;
  const archive = await writeArchive(fetched.files);
  writeFileSync(options.output, archive);
  console.log(describeArchive(options.output, archive));
}
