import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Credentials,
  fetchBundle,
  openRepository,
  parseOciReference,
  pushBundle,
  trustEveryAddress,
  writeArchive,
} from '../../src/distribution/index.ts';
import { type OciRegistry, startOciRegistry } from './oci-registry.ts';

const ROBOT: Credentials = { kind: 'basic', username: 'robot', password: 'token-password' };
const STRANGER: Credentials = { kind: 'basic', username: 'robot', password: 'wrong' };

let folder: string;
let registry: OciRegistry;
let closeServer: () => Promise<void>;
const asked: string[] = [];

/** A server of tokens, as registries have one: whoever has the password gets what they ask for. */
async function startTokenServer(): Promise<{ realm: string; jwks: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'test', alg: 'ES256', use: 'sig' };
  const server = createServer(async (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const scope = searchParams.get('scope') ?? '';
    asked.push(scope);
    const [, password] = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64')
      .toString()
      .split(':');
    if (password !== 'token-password') return response.writeHead(401).end();
    const [type, name, actions = ''] = scope.split(':');
    const token = await new SignJWT({ access: [{ type, name, actions: actions.split(',') }] })
      .setProtectedHeader({ alg: 'ES256', kid: 'test' })
      .setIssuer('tokens')
      .setAudience(searchParams.get('service') ?? '')
      .setSubject('robot')
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime('5m')
      .sign(privateKey);
    return response.end(JSON.stringify({ token }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeServer = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { realm: `http://127.0.0.1:${port}/token`, jwks: JSON.stringify({ keys: [jwk] }) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-login-'));
  await mkdir(join(folder, 'registry'));
  const { realm, jwks } = await startTokenServer();
  const path = join(folder, 'jwks.json');
  await writeFile(path, jwks);
  const token = { realm, service: 'registry', issuer: 'tokens', jwks: path };
  registry = await startOciRegistry(join(folder, 'registry'), { token });
}, 600_000);

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await closeServer?.();
  await rm(folder, { recursive: true, force: true });
});

describe('a registry that asks for tokens', () => {
  const files = new Map([['policy.rego', Buffer.from('package approval\n')]]);
  const transport = () => ({ guard: inTestsOnly, caBundle: registry.authority });
  // The registry speaks TLS, the server of tokens does not.
  const inTestsOnly = { ...trustEveryAddress(true), isWithoutTls: () => false };
  const reference = () => parseOciReference(`${registry.host}/acme/policy:1`);

  it('gives and takes bundles with one that its server gave for the credentials', async () => {
    const repository = openRepository(reference(), { ...transport(), credentials: ROBOT });
    const digest = await pushBundle(repository, '1', await writeArchive(files));
    const source = { kind: 'oci', reference: reference(), credentials: ROBOT } as const;
    const fetched = await fetchBundle(source, { digest }, transport());
    expect(fetched).toMatchObject({ kind: 'fetched', state: { digest } });
    expect(new Set(asked.map((scope) => scope.split(':').at(-1)?.split(',').toSorted().join()))).toEqual(
      new Set(['pull', 'pull,push']),
    );
    expect(await fetchBundle(source, { digest }, transport(), { digest })).toEqual({ kind: 'unchanged' });
  });

  it.each([
    ['wrong ones', STRANGER],
    ['none', undefined],
  ])('refuses %s, and says so', async (_, credentials) => {
    const fetching = fetchBundle({ kind: 'oci', reference: reference(), credentials }, {}, transport());
    await expect(fetching).rejects.toMatchObject({ name: 'BundleError', code: 'unauthorized' });
  });

  it('is not believed with another certificate', async () => {
    const fetching = fetchBundle({ kind: 'oci', reference: reference() }, {}, { guard: inTestsOnly });
    await expect(fetching).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('certificate'),
    });
  });
});
