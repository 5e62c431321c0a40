import { request } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { type Authority, issueClientCertificate } from './pki.ts';

// Ready says that RBAC's bootstrap roles are written; the default namespace is written by a task that it does not await.
const CONDITIONS = [
  '/readyz',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin',
  '/api/v1/namespaces/default',
];
const INTERVAL_MS = 50;
const REQUEST_TIMEOUT_MS = 5_000;

/** Resolves when the API server at this URL serves all that a client may expect; rejects when the signal aborts. */
export async function untilReady(url: string, authority: Authority, signal: AbortSignal): Promise<void> {
  const { certificate, key } = await issueClientCertificate(
    authority,
    { user: 'readiness', groups: ['system:masters'] },
    new Date(),
  );
  const get = (path: string) => answersOk(`${url}${path}`, { ca: authority.certificate, cert: certificate, key });
  for (const path of CONDITIONS) {
    while (!(await get(path))) await setTimeout(INTERVAL_MS, undefined, { signal });
    signal.throwIfAborted();
  }
}

function answersOk(url: string, credentials: { ca: string; cert: string; key: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request(url, { ...credentials, agent: false, timeout: REQUEST_TIMEOUT_MS }, (response) => {
      response.resume().on('error', () => {});
      resolve(response.statusCode === 200);
    });
    asking.on('timeout', () => asking.destroy());
    // Not listening yet, or listening and not serving yet.
    asking.on('error', () => resolve(false));
    asking.end();
  });
}
