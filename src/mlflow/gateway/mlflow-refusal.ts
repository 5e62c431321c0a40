import type { ServerResponse } from 'node:http';

/** MLflow's own codes and their HTTP statuses, as far as the gateway speaks for it (mlflow/exceptions.py). */
const STATUSES = {
  INVALID_PARAMETER_VALUE: 400,
  PERMISSION_DENIED: 403,
  RESOURCE_CONFLICT: 409,
  INTERNAL_ERROR: 500,
  TEMPORARILY_UNAVAILABLE: 503,
} as const;
type MlflowErrorCode = keyof typeof STATUSES;

/** A call that the gateway does not let through. The message is shown to whoever made it, and says what to do. */
export class MlflowRefusal extends Error {
  override readonly name = 'MlflowRefusal';
  readonly code: MlflowErrorCode;

  constructor(code: MlflowErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Answers as MLflow does, so that its clients raise MlflowException with this code and message. */
export function sendRefusal(response: ServerResponse, { code, message }: MlflowRefusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ error_code: code, message });
  response.writeHead(STATUSES[code], { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
