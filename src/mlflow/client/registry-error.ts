/** Why a registry did not do what it was asked, by what somebody can do about it. */
type RegistryErrorCode =
  /** No connection, no answer in time, or a fault of the server's own: it may pass. */
  | 'unreachable'
  /** An address that a ModelRegistry may not make the operator ask. */
  | 'address-refused'
  | 'unauthorized'
  /** The credentials are good, and do not reach what was asked for; they may reach other things. */
  | 'forbidden'
  | 'not-found'
  /** The registry refuses what was asked, and would again. */
  | 'invalid'
  /** What answers there is no MLflow. */
  | 'malformed';

/** A request to a model registry that failed. The message says what to do. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: RegistryErrorCode;

  constructor(code: RegistryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
