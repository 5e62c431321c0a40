import type { IncomingMessage } from 'node:http';

/** Of one connection, not of the message (RFC 9110, 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** How long a message is, and whom it is for: not for a client to take away. */
const KEPT: ReadonlySet<string> = new Set(['content-length', 'host', 'expect']);

type Headers = Record<string, string | string[]>;

/**
 * @param host of MLflow, which answers no other name
 * @returns what is sent on: the length as it was given, or chunks
 */
export function onwardHeaders(
  request: IncomingMessage,
  host: string,
): { readonly headers: Headers; readonly hasBody: boolean } {
  const dropped = namedByConnection(request);
  const headers: Headers = {};
  for (const [name, value] of pairs(request.rawHeaders)) {
    const key = name.toLowerCase();
    if (HOP_BY_HOP.has(key) || key === 'host' || dropped.has(key)) continue;
    const before = headers[key];
    headers[key] = before === undefined ? value : [before, value].flat();
  }
  headers.host = host;
  const chunked = request.headers['transfer-encoding'] !== undefined;
  const length = request.headers['content-length'];
  if (chunked) headers['transfer-encoding'] = 'chunked';
  else if (length === undefined && request.method !== 'GET' && request.method !== 'HEAD')
    headers['content-length'] = '0';
  return { headers, hasBody: chunked || (length !== undefined && length !== '0') };
}

/** @returns name and value in turn, as `writeHead` takes them */
export function returnedHeaders(answer: IncomingMessage, { origin }: URL): string[] {
  const dropped = namedByConnection(answer);
  return pairs(answer.rawHeaders).flatMap(([name, value]) => {
    const key = name.toLowerCase();
    if (HOP_BY_HOP.has(key) || dropped.has(key)) return [];
    // Whoever follows a redirect stays at the gateway.
    if (key === 'location' && value.startsWith(`${origin}/`)) return [name, value.slice(origin.length)];
    return [name, value];
  });
}

function namedByConnection({ headers }: IncomingMessage): ReadonlySet<string> {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set(named.filter((name) => !KEPT.has(name)));
}

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? '']);
}
