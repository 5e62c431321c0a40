import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Writable } from 'node:stream';
import { readBounded } from '../../distribution/index.ts';
import { MlflowRefusal, sendRefusal } from './mlflow-refusal.ts';
import { onwardHeaders, returnedHeaders } from './passed-headers.ts';

/** The MLflow server behind the gateway. */
export interface Upstream extends Disposable {
  /** Sends a request on as it comes, and its answer back as it comes; neither is ever held as a whole. */
  pass(request: IncomingMessage, response: ServerResponse): void;
  /** Asks something in the caller's name. @throws MlflowRefusal where there is no answer */
  ask(question: Question): Promise<Answered>;
}

export interface Question {
  readonly method: string;
  /** After the registry's own prefix, with its query. */
  readonly path: string;
  /** Who asks: what of the caller's headers says it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An answer of MLflow, whole: those to gated calls are small. */
export interface Answered {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface UpstreamOptions {
  readonly registry: URL;
  /** Authorities in PEM in place of the public ones. */
  readonly caBundle?: string | undefined;
  /** Is told how many bytes passed, as they pass, either way. */
  readonly onPassed?: ((bytes: number) => void) | undefined;
}

/** Below what uvicorn and gunicorn keep an idle connection (5 s, 2 s): one that is used as it closes fails its request. */
const IDLE_MS = 1_500;
const ANSWER_BYTES = 16 * 1024 * 1024;
const ANSWER_MS = 60_000;
/** Requests with nothing in them that may be sent again. */
const REPEATABLE = ['GET', 'HEAD', 'OPTIONS'];

export function createUpstream({ registry, caBundle, onPassed }: UpstreamOptions): Upstream {
  const secure = registry.protocol === 'https:';
  const pool = { keepAlive: true, timeout: IDLE_MS, scheduling: 'lifo' } as const;
  const agent = secure ? new HttpsAgent({ ...pool, ...(caBundle ? { ca: caBundle } : {}) }) : new HttpAgent(pool);
  const send = secure ? httpsRequest : httpRequest;
  const prefix = registry.pathname.replace(/\/$/, '');
  const address = {
    host: registry.hostname.replace(/^\[|\]$/g, ''),
    port: registry.port || (secure ? 443 : 80),
    agent,
  };

  const stream = (from: IncomingMessage, to: Writable): void => {
    if (onPassed) from.on('data', ({ length }: Buffer) => onPassed(length));
    from.pipe(to);
  };

  const pass = (request: IncomingMessage, response: ServerResponse, again = true): void => {
    const { method = 'GET' } = request;
    const { headers, hasBody } = onwardHeaders(request, registry.host);
    const onward = send({ ...address, method, path: `${prefix}${request.url}`, headers, setHost: false });
    const abandon = () => onward.destroy();
    response.once('close', abandon);
    onward.on('continue', () => response.writeContinue());
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', returnedHeaders(answer, registry));
      // An answer that breaks off must not look like one that is complete.
      answer.on('error', () => response.destroy());
      stream(answer, response);
    });
    onward.on('error', (cause) => {
      response.off('close', abandon);
      if (response.destroyed) return;
      if (again && onward.reusedSocket && !hasBody && REPEATABLE.includes(method) && !response.headersSent)
        pass(request, response, false);
      else sendRefusal(response, unreachable(registry, cause));
    });
    if (hasBody) stream(request, onward);
    else onward.end();
  };

  return {
    pass: (request, response) => pass(request, response),
    async ask({ method, path, headers, body }) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const onward = send({
        ...address,
        method,
        path: `${prefix}${path}`,
        setHost: false,
        // A connection of its own: nothing that changes the registry is lost to one that is just being closed.
        ...(payload === undefined ? {} : { agent: false, ...(caBundle ? { ca: caBundle } : {}) }),
        headers: {
          host: registry.host,
          accept: 'application/json',
          ...headers,
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
        },
      });
      onward.setTimeout(ANSWER_MS, () => onward.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
      onward.once('response', resolve);
      onward.once('error', reject);
      onward.end(payload);
      try {
        const answer = await promise;
        const body = await readBounded(answer, ANSWER_BYTES);
        if (!body) throw new Error(`the answer has more than ${ANSWER_BYTES} bytes`);
        return { status: answer.statusCode ?? 502, rawHeaders: returnedHeaders(answer, registry), body };
      } catch (cause) {
        throw unreachable(registry, cause);
      }
    },
    [Symbol.dispose]() {
      agent.destroy();
    },
  };
}

/** @returns the refusal of a call that MLflow did not answer */
function unreachable({ origin }: URL, cause: unknown): MlflowRefusal {
  const why =
    cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause);
  return new MlflowRefusal('TEMPORARILY_UNAVAILABLE', `the gateway cannot reach MLflow at ${origin}: ${why}`, {
    cause,
  });
}
