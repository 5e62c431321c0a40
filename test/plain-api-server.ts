import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Cluster, loadCluster } from '../src/kube/index.ts';

/** An API server that says what a test wants to hear, for faults that a real one shows by chance alone. */
export interface PlainApiServer extends AsyncDisposable {
  readonly cluster: Cluster;
}

export async function startPlainApiServer(
  answer: RequestListener,
  user: Readonly<Record<string, unknown>> = {},
): Promise<PlainApiServer> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'assent-plain-api-server-'));
  const kubeconfig = join(folder, 'kubeconfig.yaml');
  const content = {
    // The client takes plain HTTP only so.
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(kubeconfig, stringify(content));
  const cluster = loadCluster({ kubeconfig });
  return {
    cluster,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
