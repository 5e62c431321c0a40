import type { BundleError } from '../distribution/index.ts';
import { findConnectionFault } from './explain-connection.ts';
import { printable } from './printable.ts';

/** By its name: no command loads the room of bundles only to end without one. */
export function isBundleError(error: unknown): error is BundleError {
  return error instanceof Error && error.name === 'BundleError';
}

/** @returns why a bundle could not be had, and what to do about it. Each problem is one line. */
export function explainBundleError(error: BundleError): readonly string[] {
  const advice = advise(error);
  return [error.message, ...(advice === null ? [] : [advice])].flatMap((text) => text.split('\n')).map(printable);
}

function advise(error: BundleError): string | null {
  switch (findConnectionFault(error)) {
    case 'unknown-authority':
      return 'its certificate is signed by nobody that is known here: --ca FILE names the authorities that sign it';
    case 'no-tls':
      return 'it may speak no TLS: --plain-http asks without';
    default:
      return error.code === 'unauthorized' ? 'the credentials are those of `docker login`' : null;
  }
}
