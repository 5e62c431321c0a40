import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { startPlainApiServer } from '../../test/plain-api-server.ts';
import { loadCluster } from './cluster.ts';

let folder: string;
let server: Server;
const seen: NodeJS.Dict<string[]>[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-kube-'));
  server = createServer((request, response) => {
    seen.push(request.headersDistinct);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const CONTEXTS = ['x', 'y'].map((name) => ({ name, context: { cluster: 'c', user: 'u' } }));

interface Changes {
  readonly server?: string;
  readonly user?: Record<string, unknown>;
  readonly namespace?: string;
}

async function writeKubeconfig({ server: url, user = {}, namespace }: Changes): Promise<string> {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const path = join(folder, `${Math.random()}.yaml`);
  // The client takes plain HTTP only so.
  const cluster = { server: url ?? `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  const content = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...(namespace ? { namespace } : {}) } }],
    'current-context': 'x',
  };
  await writeFile(path, stringify(content));
  return path;
}

async function headersOf(user: Record<string, unknown>): Promise<NodeJS.Dict<string[]>> {
  await using cluster = loadCluster({ kubeconfig: await writeKubeconfig({ user }) });
  await cluster.request({ method: 'GET', path: '/' });
  return seen.at(-1) ?? {};
}

test('who impersonates a user does so with the groups too, as kubectl', async () => {
  const headers = await headersOf({ as: 'alice', 'as-groups': ['ml-leads', 'risk, and others'] });
  expect(headers['impersonate-user']).toEqual(['alice']);
  expect(headers['impersonate-group']).toEqual(['ml-leads', 'risk, and others']);
});

test.for([{}, { as: 'alice' }, { 'as-groups': ['ml-leads'] }])('a user with %j impersonates no group', async (user) => {
  expect((await headersOf(user))['impersonate-group']).toBeUndefined();
});

test.for([
  ['risk', 'risk'],
  [undefined, 'default'],
] as const)("where the context's namespace is %s, the cluster's is %s", async ([namespace, expected]) => {
  const kubeconfig = await writeKubeconfig(namespace ? { namespace } : {});
  await using cluster = loadCluster({ kubeconfig });
  expect(cluster.namespace).toBe(expected);
});

test.for<readonly [string, Changes, string]>([
  ['no URL', { server: 'here' }, "The kubeconfig's server is here; a server reads https://HOST:PORT."],
  [
    'what the client assumes where there is none',
    { server: 'http://localhost:8080' },
    'No cluster. Give --kubeconfig FILE',
  ],
])('a server that is %s is refused, and what is right is told', async ([, changes, says]) => {
  const kubeconfig = await writeKubeconfig(changes);
  expect(() => loadCluster({ kubeconfig })).toThrow(says);
});

test('a server that is not there is named, with the reason', async () => {
  const kubeconfig = await writeKubeconfig({ server: 'http://127.0.0.1:1' });
  await using cluster = loadCluster({ kubeconfig });
  await expect(cluster.request({ method: 'GET', path: '/version' })).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED.* \(GET \/version\)$/),
  });
});

test('credentials that are not there are told', async () => {
  const kubeconfig = await writeKubeconfig({ user: { 'client-certificate': join(folder, 'gone.pem') } });
  await using cluster = loadCluster({ kubeconfig });
  await expect(cluster.request({ method: 'GET', path: '/' })).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/^The kubeconfig .*yaml cannot be used: ENOENT/),
  });
});

test.for<readonly [string, string, string]>([
  ['is empty', '', 'cannot be read: expected a document, but the input is empty'],
  ['is no map', 'just text', 'cannot be read: found "just text": write a map of fields'],
  ['is no YAML', 'token: secret\nfoo: [', 'cannot be read: '],
  ['has no contexts', '{}', 'names no cluster. Give --kubeconfig FILE'],
  ['has no current context', stringify({ contexts: CONTEXTS }), 'has no current-context; it has x, y.'],
  [
    'has another current context',
    stringify({ contexts: CONTEXTS, 'current-context': 'staging' }),
    'has no context staging; it has x, y. Choose with --context NAME.',
  ],
  [
    'names a cluster that it does not have',
    stringify({ contexts: CONTEXTS, 'current-context': 'x' }),
    ': its context x names cluster c, which it does not have.',
  ],
  [
    'names a user whom it does not have',
    stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      contexts: CONTEXTS,
      'current-context': 'x',
    }),
    ': its context x names user u, whom it does not have.',
  ],
])('a kubeconfig that %s is told so, by name', async ([, content, says]) => {
  const kubeconfig = join(folder, 'wrong.yaml');
  await writeFile(kubeconfig, content);
  const opened = () => loadCluster({ kubeconfig });
  expect(opened).toThrow(`The kubeconfig ${kubeconfig}${says.startsWith(':') ? '' : ' '}${says}`);
  expect(opened).not.toThrow('secret');
});

test.for<readonly [string, Record<string, unknown>, string]>([
  [
    'a program that is not there',
    { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-plugin', installHint: 'get it so' } },
    'its user logs in with the program no-such-plugin, which does not start (spawn no-such-plugin ENOENT): get it so',
  ],
  [
    'a certificate that is none',
    { 'client-certificate-data': 'Zm9v', 'client-key-data': 'Zm9v' },
    'its client-certificate is none: ',
  ],
])('credentials of %s are told', async ([, user, says]) => {
  const kubeconfig = await writeKubeconfig({ user });
  await using cluster = loadCluster({ kubeconfig });
  await expect(cluster.request({ method: 'GET', path: '/' })).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringContaining(`The kubeconfig ${kubeconfig} cannot be used: ${says}`),
  });
});

test('a token that was refused is read again from its file, as it may have been replaced', async () => {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'old');
  let groups: readonly string[] | undefined;
  const authProvider = { name: 'tokenFile', config: { tokenFile } };
  await using refusing = await startPlainApiServer(
    ({ headersDistinct: { authorization, ...others } }, response) => {
      groups = others['impersonate-group'];
      response.writeHead(authorization?.[0] === 'Bearer new' ? 200 : 401).end('{}');
    },
    { 'auth-provider': authProvider, as: 'alice', 'as-groups': ['ml-leads'] },
  );
  const ask = () => refusing.cluster.request({ method: 'GET', path: '/' });
  await expect(ask()).rejects.toMatchObject({ code: 'unauthorized' });
  await writeFile(tokenFile, 'new');
  expect(await ask()).toEqual({});
  expect(groups).toEqual(['ml-leads']);
});
