import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { portOf } from '../e2e/tcp-proxy.ts';

const ReceivedRecord = z.looseObject({ kind: z.string(), id: z.string() });
type ReceivedRecord = z.infer<typeof ReceivedRecord>;

/**
 * What happens to a request: an answer, or none (`silent`), or the connection ends before (`cut-request`) or after
 * (`cut-answer`) the records have come; or in the middle of an answer that says that they have (`cut-body`).
 */
export type Behaviour =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly text?: string;
      /** Shorter requests are answered with success. */
      readonly aboveBytes?: number;
    }
  | 'silent'
  | 'cut-request'
  | 'cut-answer'
  | 'cut-body';

interface ReceivedRequest {
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
  /** In milliseconds of `performance.now()`. */
  readonly at: number;
  readonly text: string;
}

/** A server that takes records, and a test can make it do what servers do. */
export interface Receiver extends AsyncDisposable {
  readonly url: URL;
  /** All whose records have come, whatever was answered. */
  readonly requests: readonly ReceivedRequest[];
  /** What has come and was not refused, in order, with all that came again. */
  readonly records: readonly ReceivedRecord[];
  /** The ids of the records, without those that came again. */
  ids(): readonly string[];
  /** From now on. */
  behave(behaviour: Behaviour): void;
  /** Nobody listens any more; all connections end. */
  leave(): Promise<void>;
  /** Listens again, on the same port. */
  comeBack(): Promise<void>;
}

interface ReceiverOptions {
  /** PEM; without it the receiver speaks HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startReceiver({ tls }: ReceiverOptions = {}): Promise<Receiver> {
  let behaviour: Behaviour = { status: 204 };
  const requests: ReceivedRequest[] = [];
  const records: ReceivedRecord[] = [];

  const keep = (text: string) => {
    const lines = text.split('\n').filter(Boolean);
    records.push(...lines.map((line) => ReceivedRecord.parse(JSON.parse(line))));
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (behaviour === 'cut-request') {
      request.socket.destroy();
      return;
    }
    const text = (await buffer(request)).toString('utf8');
    requests.push({ method: request.method, headers: request.headers, at: performance.now(), text });
    if (behaviour === 'silent') return;
    if (typeof behaviour === 'object') {
      const { aboveBytes = 0, headers = {}, text: answer = '' } = behaviour;
      const status = text.length > aboveBytes ? behaviour.status : 204;
      if (status < 300) keep(text);
      response.writeHead(status, headers).end(answer);
      return;
    }
    keep(text);
    if (behaviour === 'cut-body') {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('the beginning', () => response.destroy());
    } else response.destroy();
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    receive(request, response).catch(() => response.destroy());
  };
  const server = tls ? createHttpsServer(tls, onRequest) : createHttpServer(onRequest);
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const port = portOf(server);
  const leave = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return {
    url: new URL(`${tls ? 'https' : 'http'}://127.0.0.1:${port}/records`),
    requests,
    records,
    ids: () => [...new Set(records.map(({ id }) => id))],
    behave(next) {
      behaviour = next;
    },
    leave,
    comeBack: () => listen(port),
    [Symbol.asyncDispose]: leave,
  };
}
