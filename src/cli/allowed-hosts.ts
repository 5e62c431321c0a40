import { InvalidArgumentError } from 'commander';
import { type AllowedHost, BundleError, parseAllowedHost } from '../distribution/index.ts';

/** For an option that may come several times. */
export function addAllowedHost(text: string, previous: readonly AllowedHost[] = []): readonly AllowedHost[] {
  try {
    return [...previous, parseAllowedHost(text)];
  } catch (error) {
    if (error instanceof BundleError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
