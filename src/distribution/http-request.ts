import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { AddressGuard } from './address-guard.ts';
import { BundleError } from './bundle-error.ts';
import { readBounded } from './read-bounded.ts';

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** A longer answer is an error. */
  readonly maxBytes: number;
  /** Whether an answer may send it to another host; credentials are never sent along. */
  readonly followElsewhere?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** How requests are sent: whom they may ask, whom they trust, and how long they wait. */
export interface Transport {
  readonly guard: AddressGuard;
  /** Authorities in PEM for the host that was named, in place of the public ones. */
  readonly caBundle?: string | undefined;
  readonly timeoutMs?: number;
  /** Connections that are kept between requests; without them each request opens its own. */
  readonly connections?: Connections | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Connections to the hosts of one transport, for whoever asks often. */
export interface Connections extends Disposable {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** An address is looked up and judged whenever a connection is opened. */
export function createConnections(most: number): Connections {
  const options = { keepAlive: true, maxSockets: most, timeout: IDLE_MS };
  const [http, https] = [new HttpAgent(options), new HttpsAgent(options)];
  return {
    http,
    https,
    [Symbol.dispose]() {
      http.destroy();
      https.destroy();
    },
  };
}

/** Servers close an idle connection after a minute or more: one that is used at that moment would fail its request. */
const IDLE_MS = 15_000;
const TIMEOUT_MS = 15_000;
const REDIRECTS = 3;
const USER_AGENT = 'assent';

/**
 * Sends one request, and follows a few redirects.
 *
 * @throws BundleError `address-refused`, `unreachable`, `too-large` or `invalid`
 */
export async function sendHttp(request: HttpRequest, transport: Transport): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(transport.timeoutMs ?? TIMEOUT_MS);
  const signal = transport.signal ? AbortSignal.any([timeout, transport.signal]) : timeout;
  let { url } = request;
  for (let redirects = 0; ; redirects++) {
    const answer = await sendOnce({ ...request, url }, { ...transport, signal }, url.origin === request.url.origin);
    const next = answer.status >= 300 && answer.status < 400 && answer.status !== 304 && answer.headers.location;
    if (!next || (request.method ?? 'GET') !== 'GET') return answer;
    const target = URL.parse(next, url.href);
    if (!target || redirects === REDIRECTS)
      throw new BundleError('unreachable', `${request.url.host} redirects more than ${REDIRECTS} times, or to nowhere`);
    if (target.origin !== url.origin && !request.followElsewhere)
      throw new BundleError(
        'address-refused',
        `${url.host} redirects to ${target.origin}: name that address in the policy, if it is the right one`,
      );
    url = target;
  }
}

async function sendOnce(
  { method = 'GET', url, headers = {}, body, maxBytes }: HttpRequest,
  { guard, caBundle, connections, signal }: Transport,
  atHome: boolean,
): Promise<HttpAnswer> {
  guard.check(url);
  const { authorization: _, ...withoutCredentials } = headers;
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const secure = url.protocol === 'https:';
  const send = secure ? httpsRequest : httpRequest;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  let outgoing: ClientRequest | undefined;
  try {
    // It throws at once where authorities are no PEM, or a header has a character that none may have.
    outgoing = send(url, {
      method,
      agent: connections?.[secure ? 'https' : 'http'] ?? false,
      lookup: guard.lookupFor(url),
      ...(isIP(host) ? {} : { servername: host }),
      ...(atHome && caBundle ? { ca: caBundle } : {}),
      ...(signal ? { signal } : {}),
      headers: {
        'user-agent': USER_AGENT,
        ...(atHome ? headers : withoutCredentials),
        ...(body ? { 'content-length': String(body.length) } : {}),
      },
    });
    outgoing.on('response', (response) => {
      readAnswer(response, maxBytes).then(resolve, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    return await promise;
  } catch (error) {
    outgoing?.destroy();
    throw toBundleError(error, url);
  }
}

async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const body = await readBounded(response, maxBytes);
  if (!body) throw new BundleError('too-large', `the answer has more than ${maxBytes} bytes`);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

function toBundleError(error: unknown, { origin }: URL): BundleError {
  if (error instanceof BundleError) return error;
  const why = error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : error;
  return new BundleError('unreachable', `${origin} cannot be reached: ${why}`, { cause: error });
}
