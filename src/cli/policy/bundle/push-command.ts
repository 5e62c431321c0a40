import { Command } from 'commander';
import { parseOciReference, pushBundle, readArchive, readBundle } from '../../../distribution/index.ts';
import { CliError } from '../../cli-error.ts';
import { readBundleFile } from './locate-bundle.ts';
import { addRegistryOptions, openRepositoryFor, type RegistryOptions } from './registry-options.ts';

export function buildPushCommand(): Command {
  const command = new Command('push')
    .summary('put a bundle into a registry')
    .description('Puts a bundle into an OCI registry, as opa and oras read it, with the credentials of docker login.')
    .argument('<file>', 'the bundle')
    .argument('<reference>', 'oci://HOST/REPOSITORY:TAG');
  return addRegistryOptions(command).action(push);
}

async function push(file: string, place: string, options: RegistryOptions): Promise<void> {
  const reference = parseOciReference(place);
  if (reference.digest !== undefined || reference.tag === undefined)
    throw new CliError([`${place}: what is pushed gets a tag; its digest is its own`]);
  const archive = readBundleFile(file);
  // What nobody could load is not pushed.
  readBundle(await readArchive(archive));
  const digest = await pushBundle(openRepositoryFor(reference, options), reference.tag, archive);
  console.log(`oci://${reference.registry}/${reference.repository}:${reference.tag}@${digest}`);
}
