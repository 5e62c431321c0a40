import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** An ordinary HTTP server of one file, with an ETag. */
export interface BundleServer extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** How it answered, newest last. */
  readonly answers: readonly number[];
  /** What was sent as Authorization. */
  readonly credentials: readonly (string | undefined)[];
  serve(content: Uint8Array): void;
  /** How many requests to `/never` wait for an answer. */
  waiting(): number;
}

export async function startBundleServer(): Promise<BundleServer> {
  let content: Uint8Array = Buffer.alloc(0);
  let waiting = 0;
  const answers: number[] = [];
  const credentials: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/never') {
      waiting++;
      response.on('close', () => waiting--);
      return;
    }
    credentials.push(request.headers.authorization);
    if (request.url === '/elsewhere') {
      answers.push(302);
      response.writeHead(302, { location: 'https://169.254.169.254/latest/meta-data/' }).end();
      return;
    }
    const etag = `"${createHash('sha256').update(content).digest('hex')}"`;
    const status = request.headers['if-none-match'] === etag ? 304 : 200;
    answers.push(status);
    response.writeHead(status, { etag }).end(status === 200 ? content : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    host: `127.0.0.1:${port}`,
    answers,
    credentials,
    serve(next) {
      content = next;
    },
    waiting: () => waiting,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
