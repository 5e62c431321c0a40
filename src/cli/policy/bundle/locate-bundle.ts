import { readFileSync } from 'node:fs';
import { type BundleSource, parseOciReference } from '../../../distribution/index.ts';
import { CliError } from '../../cli-error.ts';
import { findCredentials } from './registry-options.ts';

/** For help texts. */
export const PLACES = 'a file, oci://HOST/REPOSITORY:TAG, or https://HOST/PATH';

/**
 * @param place `oci://…`, `https://…`, or the path of a file
 * @throws CliError, BundleError
 */
export function locateBundle(place: string): BundleSource {
  if (place.startsWith('oci://')) return locateInRegistry(place);
  if (/^https?:\/\//.test(place)) return locateOnServer(new URL(place));
  return { kind: 'archive', bytes: readBundleFile(place) };
}

/**
 * @param text with `oci://` before it or not
 * @throws BundleError
 */
export function locateInRegistry(text: string): BundleSource {
  const reference = parseOciReference(text);
  return { kind: 'oci', reference, credentials: findCredentials(reference.registry) };
}

export function locateOnServer(url: URL): BundleSource {
  return { kind: 'http', url, credentials: findCredentials(url.host) };
}

/** @throws CliError */
export function readBundleFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CliError([`${file}: no such file, or it cannot be read`], { cause });
  }
}
