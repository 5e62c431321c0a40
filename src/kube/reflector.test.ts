import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { startPlainApiServer } from '../../test/plain-api-server.ts';
import type { Cluster } from './cluster.ts';
import { MODEL_VERSIONS } from './model-versions.ts';
import { runReflector } from './reflector.ts';

test('a watch that ended leaves nobody behind who waits for its end', async () => {
  let revision = 0;
  await using server = await startPlainApiServer((request, response) => {
    const metadata = { resourceVersion: String(++revision) };
    const bookmark = { type: 'BOOKMARK', object: { metadata } };
    response.end(JSON.stringify(request.url?.includes('watch=true') ? bookmark : { metadata, items: [] }));
  });
  const stop = new AbortController();
  const signals: AbortSignal[] = [];
  const stream: Cluster['stream'] = (request) => {
    if (request.signal) signals.push(request.signal);
    return server.cluster.stream(request);
  };
  const cluster = { ...server.cluster, stream };
  const ignore = () => {};
  const events = { onObject: ignore, onDeleted: ignore, onListed: ignore, onProblem: ignore };
  const running = runReflector({ cluster, resource: MODEL_VERSIONS }, events, stop.signal);
  await vi.waitFor(() => expect(signals.length).toBeGreaterThan(5));
  expect(signals.slice(0, 5).flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
  stop.abort();
  await running;
});
