import { Command } from 'commander';
import { BundleError, fetchBundle } from '../../../distribution/index.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT, type ExitCode, renderExitCodes } from '../../exit-code.ts';
import { addCheckOptions, buildChecks, type CheckOptions } from './check-options.ts';
import { locateBundle, PLACES } from './locate-bundle.ts';
import { addRegistryOptions, buildTransport, type RegistryOptions } from './registry-options.ts';

/** What was had, and is not what it should be. */
const REFUSED: readonly BundleError['code'][] = [
  'digest-mismatch',
  'not-verified',
  'malformed',
  'too-large',
  'unsupported',
];

export function buildBundleVerifyCommand(exit: (code: ExitCode) => void): Command {
  const command = new Command('verify')
    .summary("check a bundle's signatures")
    .description('Checks a bundle as the operator does before it loads one.')
    .argument('<bundle>', PLACES)
    .addHelpText('after', renderExitCodes('bundle'));
  return addRegistryOptions(addCheckOptions(command)).action(
    async (place: string, options: RegistryOptions & CheckOptions) => exit(await verify(place, options)),
  );
}

async function verify(place: string, options: RegistryOptions & CheckOptions): Promise<ExitCode> {
  const { publicKey, cosignKey, digest } = options;
  if (!publicKey && !cosignKey && !digest)
    throw new CliError(['nothing to verify: give --public-key, --cosign-key or --digest']);
  try {
    const fetched = await fetchBundle(locateBundle(place), buildChecks(options), buildTransport(options));
    const revision =
      fetched.kind === 'fetched' && fetched.bundle.revision ? `, revision ${fetched.bundle.revision}` : '';
    console.log(`${place}: verified${revision}`);
    return EXIT.approved;
  } catch (error) {
    if (!(error instanceof BundleError && REFUSED.includes(error.code))) throw error;
    console.log(`${place}: ${error.message}`);
    return EXIT.rejected;
  }
}
