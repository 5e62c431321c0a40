import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { RecordSinkError, type RecordSinkErrorCode, reasonOf } from './record-sink-error.ts';
import { parseRetryAfterMs } from './retry-delay.ts';

/** Where records are posted. */
export interface RecordReceiver {
  /** `http:` or `https:`. */
  readonly url: URL;
  /** Authorities in PEM, trusted in place of those that Node knows. */
  readonly caFile?: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly tokenFile?: string;
  /** Without a whole answer by then the try has failed; 30 s where it is left out. */
  readonly timeoutMs?: number;
}

export type PostResult =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'failed'; readonly error: RecordSinkError; readonly retryAfterMs: number | undefined };

export interface RecordPoster {
  /**
   * Posts lines of JSON as `application/x-ndjson`, with their digest as `Idempotency-Key`: a receiver that has seen the
   * key has these records.
   */
  post(lines: Buffer, signal: AbortSignal): Promise<PostResult>;
  close(): void;
}

const TIMEOUT_MS = 30_000;
/** So much of an answer is told where it is no success. */
const ANSWER_CHARACTERS = 300;

export function createRecordPoster({ url, caFile, tokenFile, timeoutMs = TIMEOUT_MS }: RecordReceiver): RecordPoster {
  const secure = url.protocol === 'https:';
  // One at a time: they arrive in order.
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);

  const open = async (lines: Buffer, signal: AbortSignal): Promise<IncomingMessage> => {
    // Both are read again each time: they rotate.
    const [ca, token] = await Promise.all([caFile && readFile(caFile), tokenFile && readToken(tokenFile)]);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent,
      signal,
      ...(ca ? { ca } : {}),
      headers: {
        'content-type': 'application/x-ndjson',
        'content-length': lines.length,
        'idempotency-key': digestOf(lines),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
    });
    const late = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    outgoing.on('close', () => clearTimeout(late));
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(lines);
    return promise;
  };

  return {
    async post(lines, signal) {
      try {
        const response = await open(lines, signal);
        const { statusCode: status = 0, headers } = response;
        const answer = await readAnswer(response);
        if (status >= 200 && status < 300) return { kind: 'accepted' };
        const message = `${url.href} answers HTTP ${status}${answer && `: ${answer}`}`;
        const retryAfterMs = parseRetryAfterMs(headers['retry-after'], Date.now());
        return { kind: 'failed', error: new RecordSinkError(toCode(status), message), retryAfterMs };
      } catch (cause) {
        const message = `${url.href} cannot be reached: ${reasonOf(cause)}`;
        const error = new RecordSinkError('unreachable', message, { cause });
        return { kind: 'failed', error, retryAfterMs: undefined };
      }
    },
    close: () => agent.destroy(),
  };
}

/** @throws Error where the file has no token that a header can carry */
async function readToken(file: string): Promise<string> {
  const token = (await readFile(file, 'utf8')).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`${file} holds no token`);
  return token;
}

/** @returns the beginning of the answer's text. What the status said holds even if the rest does not come. */
async function readAnswer(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response) if (text.length < ANSWER_CHARACTERS) text += chunk;
  } catch {
    // The status has come; its text would only have explained it.
  }
  return text.slice(0, ANSWER_CHARACTERS).trim();
}

function toCode(status: number): RecordSinkErrorCode {
  if (status === 413) return 'too-large';
  if (status === 408 || status === 429 || status >= 500) return 'busy';
  return 'refused';
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
