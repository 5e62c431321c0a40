import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { issueCertificate, repositoryRoot } from '../../src/dev/index.ts';
import { writeArchive } from '../../src/distribution/index.ts';
import { runCli } from './run-cli.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

const RULES = 'package approval\n\nallow contains "from a server" if true\n';
const VERSION = join(repositoryRoot, 'examples', 'modelversions', 'approved.yaml');
const YEAR_MS = 365 * 24 * 3_600_000;

let folder: string;
const file = (name: string): string => join(folder, name);
const servers: Server[] = [];
const ports = { tls: 0, expired: 0, plain: 0 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-connection-'));
  const archive = await writeArchive(new Map([['policy.rego', Buffer.from(RULES)]]));
  // Whatever is asked: a bundle, or as an API server does that does not know who asks.
  const answer: RequestListener = ({ url = '' }, response) => {
    if (url.endsWith('.tar.gz')) response.end(archive);
    else response.writeHead(401).end(JSON.stringify({ message: 'Unauthorized' }));
  };
  const now = new Date();
  const issue = async (authority: string) => {
    const { certificate, key } = await issueCertificate({ commonName: authority, usage: 'authority', now });
    await writeFile(file(`${authority}.pem`), certificate);
    return { commonName: authority, key: createPrivateKey(key) };
  };
  const [issuer] = [await issue('own'), await issue('other')];
  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  };
  const withTls = async (at: Date) => {
    const { certificate: cert, key } = await issueCertificate({
      commonName: 'server',
      usage: 'server',
      issuer,
      now: at,
    });
    return listen(createServer({ cert, key }, answer));
  };
  ports.tls = await withTls(now);
  ports.expired = await withTls(new Date(now.getTime() - 20 * YEAR_MS));
  ports.plain = await listen(createPlainServer(answer));
});
afterAll(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true });
});

test.for<readonly [string, keyof typeof ports, string, readonly string[]]>([
  [
    'the certificate is of another authority',
    'tls',
    'other',
    ['cannot be reached: ', "the server's certificate is signed by none of the kubeconfig's authorities"],
  ],
  ['the certificate has expired', 'expired', 'own', ['certificate has expired', "or set this machine's clock"]],
  ['the server speaks no TLS', 'plain', 'own', ['there is no TLS at that port']],
  [
    'nobody knows who asks',
    'tls',
    'own',
    ['Unauthorized', 'the cluster does not take these credentials: log in again'],
  ],
])('of a cluster it is told that %s, and by which context it was asked', async ([, server, authority, says]) => {
  const kubeconfig = file(`${server}-${authority}.yaml`);
  const address = `https://127.0.0.1:${ports[server]}`;
  const cluster = { server: address, 'certificate-authority': file(`${authority}.pem`) };
  await writeFile(
    kubeconfig,
    stringify({
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 'x' } }],
      contexts: [{ name: 'risk', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'risk',
    }),
  );
  const run = await runCli(['list', '--kubeconfig', kubeconfig]);
  expect(run).toMatchObject({ status: 2, stdout: '' });
  for (const part of [...says, `it was asked by context risk of ${kubeconfig}; --kubeconfig FILE`])
    expect(run.stderr).toContain(part);
});

const evaluate = (...args: readonly string[]) =>
  runCli(['evaluate', '-f', VERSION, ...args], { cwd: folder, cacheFolder: file('cache') });
const bundle = (server: keyof typeof ports, scheme: string) => `${scheme}://127.0.0.1:${ports[server]}/b.tar.gz`;

test('a bundle comes from a server of a private authority, which --ca names', async () => {
  expect(await evaluate('--ca', 'own.pem', '-p', bundle('tls', 'https'))).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('from a server'),
    stderr: '',
  });
});

test('a bundle comes without TLS where --plain-http says so', async () => {
  expect(await evaluate('--plain-http', '-p', bundle('plain', 'http'))).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('from a server'),
    stderr: '',
  });
});

test.for<readonly [string, keyof typeof ports, string, readonly string[], string]>([
  ['without --ca', 'tls', 'https', [], '--ca FILE names the authorities'],
  ['of another authority', 'tls', 'https', ['--ca', 'other.pem'], '--ca FILE names the authorities'],
  ['without TLS and without --plain-http', 'plain', 'http', [], '--plain-http takes it all the same'],
  ['without TLS by https', 'plain', 'https', [], 'it may speak no TLS: --plain-http asks without'],
  ['with authorities that are not there', 'tls', 'https', ['--ca', 'gone.pem'], 'gone.pem: no such file'],
])('a bundle %s is not taken, and the flag is named', async ([, server, scheme, args, says]) => {
  const run = await evaluate(...args, '-p', bundle(server, scheme));
  expect(run).toMatchObject({ status: 2, stdout: '' });
  expect(run.stderr).toContain(says);
});

test.for([
  { args: ['policy', 'eval', VERSION, '-p'] },
  { args: ['policy', 'bench', '-f', VERSION, '--duration', '1ms', '--'] },
])('$args takes --ca too', async ({ args }) => {
  const [group = '', command = '', ...rest] = args;
  const place = bundle('tls', 'https');
  const run = await runCli([group, command, '--ca', 'own.pem', ...rest, place], {
    cwd: folder,
    cacheFolder: file('cache'),
  });
  expect(run).toMatchObject({ status: 0, stderr: '' });
});
