import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Issuer, issueCertificate, type KeyedCertificate } from './certificate.ts';
import { DevError } from './dev-error.ts';

/** The certificate authority of one control plane: who holds its key can be any user there. */
export interface Authority {
  readonly certificate: string;
  readonly issuer: Issuer;
}

/** A user as the API server sees one. */
export interface User {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Where the API server's key material lies in a control plane's folder. */
export function pkiPaths(folder: string) {
  const pki = join(folder, 'pki');
  return {
    authority: join(pki, 'ca.crt'),
    authorityKey: join(pki, 'ca.key'),
    server: join(pki, 'server.crt'),
    serverKey: join(pki, 'server.key'),
    serviceAccountKey: join(pki, 'service-account.key'),
  };
}

/** Makes what the API server needs. The authority and the service accounts' key are kept: what they signed stays valid. */
export async function preparePki(folder: string, now: Date): Promise<Authority> {
  const paths = pkiPaths(folder);
  await mkdir(join(folder, 'pki'), { recursive: true, mode: 0o700 });
  if (!existsSync(paths.authority)) {
    const authority = await issueCertificate({ commonName: AUTHORITY_NAME, usage: 'authority', now });
    // The certificate last: where it is, the key is too.
    await writePrivate(paths.authorityKey, authority.key);
    await writePrivate(paths.authority, authority.certificate);
  }
  if (!existsSync(paths.serviceAccountKey)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    // Not PKCS #8: the API server also reads the public key from this file, and does so in this form only.
    await writePrivate(paths.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  }
  const authority = await loadAuthority(folder);
  const server = await issueCertificate({
    commonName: 'kube-apiserver',
    usage: 'server',
    issuer: authority.issuer,
    now,
  });
  await writePrivate(paths.server, server.certificate);
  await writePrivate(paths.serverKey, server.key);
  return authority;
}

/** @throws DevError where no control plane was ever started in this folder */
export async function loadAuthority(folder: string): Promise<Authority> {
  const paths = pkiPaths(folder);
  if (!existsSync(paths.authority))
    throw new DevError('NotStarted', `No control plane was started in ${folder} yet: run \`npm start\` first.`);
  return {
    certificate: await readFile(paths.authority, 'utf8'),
    issuer: { commonName: AUTHORITY_NAME, key: createPrivateKey(await readFile(paths.authorityKey)) },
  };
}

/** @returns a client certificate that makes its holder this user; valid for ten years */
export function issueClientCertificate(
  authority: Authority,
  { user, groups }: User,
  now: Date,
): Promise<KeyedCertificate> {
  return issueCertificate({
    commonName: user,
    organizations: groups,
    usage: 'client',
    issuer: authority.issuer,
    now,
  });
}

/** Writes a file that only its owner can read, whole or not at all. */
export async function writePrivate(path: string, content: string): Promise<void> {
  const writing = `${path}.${randomUUID()}`;
  await writeFile(writing, content, { mode: 0o600 });
  await rename(writing, path);
}

const AUTHORITY_NAME = 'assent-local';
