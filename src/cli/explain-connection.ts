/** What stood between this program and a server, as far as Node's codes tell. */
export type ConnectionFault = 'unknown-authority' | 'expired' | 'other-name' | 'no-tls' | 'no-host';

const FAULTS: Readonly<Record<string, ConnectionFault>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown-authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  CERT_SIGNATURE_FAILURE: 'unknown-authority',
  CERT_HAS_EXPIRED: 'expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'other-name',
  ENOTFOUND: 'no-host',
  EAI_AGAIN: 'no-host',
};

/** @returns null where the code of an error, or of what caused it, is none of these */
export function findConnectionFault(error: unknown): ConnectionFault | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const fault = 'code' in cause && FAULTS[String(cause.code)];
    if (fault) return fault;
    // In the middle of a handshake OpenSSL's code comes in the message alone.
    if (cause.message.includes('wrong version number')) return 'no-tls';
  }
  return null;
}
