import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { portOf } from './tcp-proxy.ts';

interface ReceivedNews {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A server that takes notifications and answers as a test says. */
export interface NewsReceiver extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** What has come and was answered with success. */
  readonly taken: readonly ReceivedNews[];
  /** All that has come. */
  readonly requests: readonly ReceivedNews[];
  /** From now on; `silent` never answers. */
  behave(behaviour: number | 'silent'): void;
}

export async function startNewsReceiver(): Promise<NewsReceiver> {
  let behaviour: number | 'silent' = 200;
  const requests: ReceivedNews[] = [];
  const taken: ReceivedNews[] = [];
  const server = createServer(async (request, response) => {
    const received = { headers: request.headers, text: (await buffer(request)).toString('utf8') };
    requests.push(received);
    if (behaviour === 'silent') return;
    if (behaviour < 300) taken.push(received);
    response.writeHead(behaviour).end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${portOf(server)}`,
    requests,
    taken,
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
