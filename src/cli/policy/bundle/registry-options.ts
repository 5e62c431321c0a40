import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readConfig } from '../../../config/index.ts';
import {
  type Credentials,
  type OciReference,
  type OciRepository,
  openRepository,
  readDockerConfig,
  type Transport,
  trustEveryAddress,
} from '../../../distribution/index.ts';
import { CliError } from '../../cli-error.ts';

export interface RegistryOptions {
  readonly ca?: string;
  readonly plainHttp?: boolean;
}

export function addRegistryOptions(command: Command): Command {
  return command
    .option('--ca <file>', "authorities in PEM that sign the certificate of the bundle's server")
    .option('--plain-http', "the bundle's server speaks no TLS");
}

export function buildTransport({ ca, plainHttp = false }: RegistryOptions): Transport {
  return { guard: trustEveryAddress(plainHttp), ...(ca === undefined ? {} : { caBundle: readAuthorities(ca) }) };
}

/** With the credentials of `docker login`, where there are some for its host. */
export function openRepositoryFor(reference: OciReference, options: RegistryOptions): OciRepository {
  return openRepository(reference, { ...buildTransport(options), credentials: findCredentials(reference.registry) });
}

/** @returns null where nobody logged in there */
export function findCredentials(host: string): Credentials | undefined {
  const file = readConfig(process.env).dockerConfigFile;
  try {
    return readDockerConfig(readFileSync(file, 'utf8'), host) ?? undefined;
  } catch {
    // No file: nobody ever logged in.
    return undefined;
  }
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError([`${file}: no such file, or it cannot be read`], { cause });
  }
}
