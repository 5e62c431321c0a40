import { once } from 'node:events';
import { createServer, request } from 'node:http';

/** A way to a real server that a test can hold up, and on which it counts. */
export interface HttpRelay extends AsyncDisposable {
  readonly url: string;
  /** `METHOD PATH` of what was asked, oldest first. */
  readonly asked: readonly string[];
  /** From now on nothing is passed on, until `release`. */
  hold(): void;
  /** What was asked meanwhile is passed on as well. */
  release(): void;
  /** By what name the server is asked; undefined: as the relay is. */
  host: string | undefined;
}

export async function startHttpRelay(target: string): Promise<HttpRelay> {
  const asked: string[] = [];
  let held: PromiseWithResolvers<void> | undefined;
  const server = createServer(async (incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url?.split('?')[0]}`);
    await held?.promise;
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
    hold() {
      held ??= Promise.withResolvers();
    },
    release() {
      held?.resolve();
      held = undefined;
    },
    host: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return relay;
}
