import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

interface HealthServerOptions {
  /** 0 chooses a free one. */
  readonly port: number;
  readonly isReady: () => boolean;
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface HealthServer extends AsyncDisposable {
  readonly port: number;
}

/** Serves /healthz (the process answers), /readyz (the operator decides) and /metrics (Prometheus). */
export async function startHealthServer({ port, isReady, renderMetrics }: HealthServerOptions): Promise<HealthServer> {
  const server = createServer(({ url }, response) => {
    if (url === '/healthz') answer(response, 200, 'ok\n');
    else if (url === '/readyz') answer(response, isReady() ? 200 : 503, isReady() ? 'ok\n' : 'not ready\n');
    else if (url === '/metrics')
      renderMetrics().then(
        ({ contentType, text }) => answer(response, 200, text, contentType),
        (error: unknown) => answer(response, 500, `${error}\n`),
      );
    else answer(response, 404, 'there are /healthz, /readyz and /metrics\n');
  });
  server.listen(port);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}
