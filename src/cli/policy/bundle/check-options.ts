import { type Command, InvalidArgumentError } from 'commander';
import type { BundleChecks } from '../../../distribution/index.ts';
import { readPublicKeys } from './signing-options.ts';

export interface CheckOptions {
  readonly publicKey?: readonly string[];
  readonly cosignKey?: readonly string[];
  readonly digest?: string;
  readonly scope?: string;
}

export function addCheckOptions(command: Command): Command {
  return command
    .option('--public-key <file...>', 'one of these public keys signed the bundle (.signatures.json)')
    .option('--scope <name>', 'what that signature is meant for')
    .option('--cosign-key <file...>', 'one of these public keys signed it in its registry (cosign)')
    .option('--digest <sha256>', 'what it is: of the manifest in a registry, else of the file', parseDigest);
}

export function buildChecks({ publicKey, cosignKey, digest, scope }: CheckOptions): BundleChecks {
  return {
    digest,
    ...(publicKey ? { bundle: { keys: readPublicKeys(publicKey), scope } } : {}),
    ...(cosignKey ? { cosign: readPublicKeys(cosignKey) } : {}),
  };
}

function parseDigest(text: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('Give sha256: and 64 hexadecimal digits.');
  return text;
}
