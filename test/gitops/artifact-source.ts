import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { assertOk, type Kubectl } from '../e2e/admission-cluster.ts';
import type { Commit } from './git-repository.ts';

export const SOURCE_KIND = 'ExternalArtifact';
export const SOURCE_API_VERSION = 'source.toolkit.fluxcd.io/v1';

/** What Flux's source-controller does: keeps each commit as an archive, and says in the cluster which one is the newest. */
export interface ArtifactSource extends AsyncDisposable {
  publish(commit: Commit): Promise<void>;
}

/**
 * @param name of the ExternalArtifact
 * @param kubectl of who may write it
 */
export async function startArtifactSource(name: string, kubectl: Kubectl): Promise<ArtifactSource> {
  const archives = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const archive = archives.get(request.url ?? '');
    response.writeHead(archive ? 200 : 404).end(archive);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const object = { apiVersion: SOURCE_API_VERSION, kind: SOURCE_KIND, metadata: { name }, spec: {} };
  assertOk(await kubectl(['create', '--filename', '-'], object));
  return {
    async publish({ revision, archive }) {
      const digest = createHash('sha256').update(archive).digest('hex');
      archives.set(`/${digest}.tar.gz`, archive);
      const artifact = {
        digest: `sha256:${digest}`,
        lastUpdateTime: new Date().toISOString(),
        path: `${digest}.tar.gz`,
        revision,
        url: `http://127.0.0.1:${address.port}/${digest}.tar.gz`,
      };
      const now = artifact.lastUpdateTime;
      const ready = { type: 'Ready', status: 'True', reason: 'Succeeded', message: revision, lastTransitionTime: now };
      const patch = JSON.stringify({ status: { artifact, conditions: [ready] } });
      const args = ['patch', 'externalartifact', name, '--subresource', 'status', '--type', 'merge', '--patch', patch];
      assertOk(await kubectl(args));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
