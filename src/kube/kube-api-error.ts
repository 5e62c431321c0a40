import { z } from 'zod';

/** What went wrong, by what the caller can do about it. */
export type KubeApiErrorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'gone'
  | 'invalid'
  | 'too-many-requests'
  | 'server'
  | 'unreachable'
  | 'timeout';

const CODES: Readonly<Record<number, KubeApiErrorCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  410: 'gone',
  422: 'invalid',
  429: 'too-many-requests',
};

/** A request that the API server refused, or that did not reach it. */
export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  readonly code: KubeApiErrorCode;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;
  /** Which cluster was asked: `context NAME of FILE`; undefined where that is not known. */
  readonly source: string | undefined;
  /** The API server's own words; undefined where there are none, as of a path that it does not serve. */
  readonly answer: string | undefined;

  constructor(
    code: KubeApiErrorCode,
    message: string,
    {
      status = 0,
      retryAfterMs,
      answer,
      source,
      cause,
    }: {
      readonly status?: number;
      readonly retryAfterMs?: number | undefined;
      readonly answer?: string | undefined;
      readonly source?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.answer = answer;
    this.source = source;
  }
}

/** Whether etcd has no room for the object: 1.5 MiB, unless its administrator says otherwise. */
export function isTooLarge(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return error.status === 413 || /request is too large|larger than max/.test(error.answer ?? error.message);
}

const Status = z.object({ message: z.string() });

/** @param body the answer's text, which is a Status object where the API server itself refuses */
export function toKubeApiError(
  request: string,
  status: number,
  body: string,
  { retryAfterSeconds, source }: { readonly retryAfterSeconds?: string | undefined; readonly source?: string } = {},
): KubeApiError {
  const code = CODES[status] ?? 'server';
  const seconds = Number(retryAfterSeconds);
  const retryAfterMs = retryAfterSeconds !== undefined && Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  const answer = readMessage(body);
  return new KubeApiError(code, `${request}: ${answer ?? `HTTP ${status}`}`, { status, retryAfterMs, answer, source });
}

function readMessage(body: string): string | undefined {
  try {
    return Status.parse(JSON.parse(body)).message;
  } catch {
    // Not the API server's own words: a proxy before it, whose page says less than the status.
    return undefined;
  }
}
