import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A way to a real server that a test can slow down, and on which it counts. */
export interface HttpRelay extends AsyncDisposable {
  readonly url: string;
  /** `METHOD PATH` of what was asked, oldest first. */
  readonly asked: readonly string[];
  delayMs: number;
  /** By what name the server is asked; undefined: as the relay is. */
  host: string | undefined;
}

export async function startHttpRelay(target: string): Promise<HttpRelay> {
  const asked: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url?.split('?')[0]}`);
    if (relay.delayMs > 0) await sleep(relay.delayMs, undefined, { ref: false });
    const onward = request(`${target}${incoming.url}`, {
      method: incoming.method ?? 'GET',
      headers: { ...incoming.headers, host: relay.host ?? incoming.headers.host },
    });
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const relay: HttpRelay = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    asked,
    delayMs: 0,
    host: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return relay;
}
