import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * Serves /healthz (the process answers) and /readyz (the operator decides) for the kubelet.
 *
 * @param port 0 chooses a free one
 */
export async function startHealthServer(port: number, isReady: () => boolean): Promise<AsyncDisposable> {
  const server = createServer(({ url }, response) => {
    const ok = url === '/healthz' || (url === '/readyz' && isReady());
    response.writeHead(ok ? 200 : url === '/readyz' ? 503 : 404).end(ok ? 'ok\n' : 'not ready\n');
  });
  server.listen(port);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
