import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Connection, openConnection } from './connection.ts';
import { KubeApiError, toKubeApiError } from './kube-api-error.ts';

export interface ClusterOptions {
  /** A kubeconfig file; without it $KUBECONFIG, ~/.kube/config, or the ServiceAccount of the pod. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** How many requests at once. */
  readonly maxConnections?: number;
}

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Such as `/apis/assent.dev/v1alpha1/modelversions`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** What kind of answer is asked for; the object as JSON where it is left out. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** Without an answer by then the request has failed; 30 s where it is left out. */
  readonly timeoutMs?: number;
}

/** The API server of one cluster. */
export interface Cluster extends AsyncDisposable {
  readonly server: string;
  /** The namespace of the kubeconfig's context or of the pod; `default` where neither names one. */
  readonly namespace: string;
  /**
   * @returns the answer, parsed
   * @throws KubeApiError
   */
  request(request: KubeRequest): Promise<unknown>;
  /**
   * Opens an answer that comes piece by piece.
   *
   * @throws KubeApiError where the server refuses it; later faults are the stream's
   */
  stream(request: KubeRequest): Promise<IncomingMessage>;
}

const TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 32;

/** @throws KubeApiError where nothing says which cluster is meant */
export function loadCluster({ kubeconfig, context, maxConnections = MAX_CONNECTIONS }: ClusterOptions = {}): Cluster {
  const connection = openConnection({ kubeconfig, context, maxConnections });
  const { server, source } = connection;

  const open = async (request: KubeRequest, pool: 'requests' | 'watches'): Promise<IncomingMessage> => {
    const {
      method,
      path,
      query = {},
      body,
      contentType = 'application/json',
      accept = 'application/json',
      signal,
      timeoutMs = TIMEOUT_MS,
    } = request;
    const { agent, headers } = await connection.settings(pool);
    const search = new URLSearchParams(query).toString();
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = server.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = send({
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port,
      path: `${server.pathname.replace(/\/$/, '')}${path}${search && `?${search}`}`,
      method,
      agent,
      ...(signal ? { signal } : {}),
      headers: {
        accept,
        ...headers,
        ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
      },
    });
    const late = setTimeout(() => {
      outgoing.destroy(new KubeApiError('timeout', `${method} ${path}: no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    outgoing.on('response', (response) => {
      if (pool === 'watches') clearTimeout(late);
      else response.on('close', () => clearTimeout(late));
      resolve(response);
    });
    outgoing.on('error', (error) => {
      clearTimeout(late);
      reject(toUnreachable(error, `${method} ${path}`, connection));
    });
    outgoing.end(payload);
    const response = await promise;
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    if (statusCode === 401) connection.refresh();
    throw toKubeApiError(`${method} ${path}`, statusCode, await readText(response), {
      retryAfterSeconds: response.headers['retry-after'],
      source,
    });
  };

  return {
    server: server.origin,
    namespace: connection.namespace,
    async request(request) {
      const response = await open(request, 'requests');
      try {
        const text = await readText(response);
        return text === '' ? undefined : JSON.parse(text);
      } catch (error) {
        throw toUnreachable(error, `${request.method} ${request.path}`, connection);
      }
    },
    stream: (request) => open(request, 'watches'),
    async [Symbol.asyncDispose]() {
      connection.close();
    },
  };
}

function toUnreachable(error: unknown, request: string, { server, source }: Connection): unknown {
  if (error instanceof KubeApiError) return error;
  // The caller's own signal: it knows why.
  if (error instanceof Error && error.name === 'AbortError') return error;
  return new KubeApiError('unreachable', `${server.origin} cannot be reached: ${describe(error)} (${request})`, {
    source,
    cause: error,
  });
}

/** Of an address that was tried as IPv4 and IPv6, Node tells the code alone. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // OpenSSL's lines end with its own source, and Node's advice on certificates is for who starts Node.
  const [first = ''] = error.message.split(/\n|; if the root CA/);
  return first || ('code' in error ? String(error.code) : error.name);
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
