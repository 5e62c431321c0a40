/** Why a bundle could not be had, by what somebody can do about it. */
export type BundleErrorCode =
  /** The address or reference cannot be read. */
  | 'invalid'
  /** No connection, no answer in time, or a server's own fault: it may pass. */
  | 'unreachable'
  /** An address that policies may not make the operator ask. */
  | 'address-refused'
  | 'unauthorized'
  | 'not-found'
  /** Larger than a bundle may be, packed or unpacked. */
  | 'too-large'
  /** An archive or a bundle that is not what it should be. */
  | 'malformed'
  /** A part of OPA's format that is not supported. */
  | 'unsupported'
  | 'digest-mismatch'
  /** No signature that a given key made. */
  | 'not-verified';

/** A bundle that was not fetched, not read or not believed. The message says what to do. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
  readonly code: BundleErrorCode;

  constructor(code: BundleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
