import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import {
  findOciBundle,
  parseOciReference,
  pushCosignSignature,
  readArchive,
  signBundle,
  writeArchive,
} from '../../../distribution/index.ts';
import { describeArchive } from './describe-archive.ts';
import { readBundleFile } from './locate-bundle.ts';
import { addRegistryOptions, openRepositoryFor, type RegistryOptions } from './registry-options.ts';
import { addSigningOptions, readPrivateKey, readSigning, type SigningOptions } from './signing-options.ts';

interface SignOptions extends RegistryOptions, SigningOptions {
  readonly key: string;
  readonly output?: string;
}

export function buildSignCommand(): Command {
  const command = new Command('sign')
    .summary('sign a bundle')
    .description(
      'Signs a file as opa sign does (.signatures.json in the bundle), or what an oci:// reference names as cosign sign --key does (a signature beside it in the registry).',
    )
    .argument('<bundle>', 'a file, or oci://HOST/REPOSITORY:TAG')
    .requiredOption('--key <file>', 'the private key in PEM')
    .option('-o, --output <file>', 'where the signed file goes; in place of the other, unless given');
  return addRegistryOptions(addSigningOptions(command)).action(sign);
}

async function sign(place: string, options: SignOptions): Promise<void> {
  if (place.startsWith('oci://')) return signReference(place, options);
  const { key, output = place } = options;
  const files = await signBundle(await readArchive(readBundleFile(place)), readSigning(key, options));
  const archive = await writeArchive(files);
  writeFileSync(output, archive);
  console.log(describeArchive(output, archive));
}

async function signReference(place: string, options: SignOptions): Promise<void> {
  const reference = parseOciReference(place);
  const key = readPrivateKey(options.key);
  const repository = openRepositoryFor(reference, options);
  const { digest } = await findOciBundle(repository, reference);
  await pushCosignSignature(repository, reference, digest, key);
  console.log(`oci://${reference.registry}/${reference.repository}@${digest}: signed`);
}
