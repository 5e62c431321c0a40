import { getEventListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { type Cluster, loadCluster } from './cluster.ts';
import { MODEL_VERSIONS } from './model-versions.ts';
import { runReflector } from './reflector.ts';

/** An API server with nothing in it, whose watches end after a bookmark. */
async function startServer(): Promise<Cluster> {
  let revision = 0;
  const server = createServer((request, response) => {
    const metadata = { resourceVersion: String(++revision) };
    const bookmark = { type: 'BOOKMARK', object: { metadata } };
    response.end(JSON.stringify(request.url?.includes('watch=true') ? bookmark : { metadata, items: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'assent-reflector-'));
  const kubeconfig = join(folder, 'kubeconfig.yaml');
  const content = {
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(kubeconfig, stringify(content));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return loadCluster({ kubeconfig });
}

test('a watch that ended leaves nobody behind who waits for its end', async () => {
  await using cluster = await startServer();
  const stop = new AbortController();
  const signals: AbortSignal[] = [];
  const stream: Cluster['stream'] = (request) => {
    if (request.signal) signals.push(request.signal);
    return cluster.stream(request);
  };
  const ignore = () => {};
  const events = { onObject: ignore, onDeleted: ignore, onListed: ignore, onProblem: ignore };
  const running = runReflector({ cluster: { ...cluster, stream }, resource: MODEL_VERSIONS }, events, stop.signal);
  await vi.waitFor(() => expect(signals.length).toBeGreaterThan(5));
  expect(signals.slice(0, 5).flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
  stop.abort();
  await running;
});
