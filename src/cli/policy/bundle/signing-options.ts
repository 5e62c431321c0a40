import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parsePublicKey } from '../../../distribution/index.ts';
import { CliError } from '../../cli-error.ts';

export interface SigningOptions {
  readonly keyId?: string;
  readonly scope?: string;
}

export function addSigningOptions(command: Command): Command {
  return command
    .option('--key-id <name>', 'what the signature calls the key')
    .option('--scope <name>', 'what the signature is meant for; verify.bundle.scope of a policy asks for it');
}

/** @returns what signing needs */
export function readSigning(file: string, { keyId, scope }: SigningOptions) {
  return { key: readPrivateKey(file), keyId, scope };
}

/** @throws CliError */
export function readPrivateKey(file: string): KeyObject {
  const pem = readKeyFile(file);
  if (pem.includes('ENCRYPTED'))
    throw new CliError([
      `${file}: the key is encrypted; give one in plain PEM, such as openssl genpkey -algorithm EC makes`,
    ]);
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new CliError([`${file}: holds no private key in PEM`], { cause });
  }
}

/** @throws CliError where the file cannot be read, or is no public key */
export function readPublicKeys(files: readonly string[]): readonly KeyObject[] {
  return files.map((file) => parsePublicKey(readKeyFile(file)));
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError([`${file}: no such file, or it cannot be read`], { cause });
  }
}
