import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { DevError } from './dev-error.ts';
import { type Authority, issueClientCertificate, loadAuthority, type User, writePrivate } from './pki.ts';

/** Whom a kubeconfig is for, and where it goes. */
export interface KubeconfigRequest extends User {
  /** Default: a name made of user and groups, under `kubeconfigs/` in the control plane's folder. */
  readonly path?: string;
}

/**
 * Writes a kubeconfig for any user of the control plane in a folder, running or not, from any process that may read
 * the folder. The user gets a client certificate; what they may do is up to RBAC.
 *
 * @returns the path of the kubeconfig
 * @throws DevError where no control plane was ever started in this folder
 * @example await issueKubeconfig('.assent', { user: 'alice', groups: ['ml-leads'] });
 */
export async function issueKubeconfig(folder: string, request: KubeconfigRequest): Promise<string> {
  const { user, groups } = request;
  if (user === '' || groups.includes(''))
    throw new TypeError('A user and a group have a name of at least one character.');
  const content = await renderKubeconfig(await readServerUrl(folder), await loadAuthority(folder), request);
  const path = request.path ?? join(folder, 'kubeconfigs', `${fileNameOf({ user, groups })}.yaml`);
  await mkdir(dirname(path), { recursive: true });
  await writePrivate(path, content);
  return path;
}

/** Keeps the port on which the folder's API server listens, now or when it is started again. */
export async function writeServerPort(folder: string, port: number): Promise<void> {
  await writePrivate(join(folder, 'port'), `${port}\n`);
}

/** @returns the port of the folder's API server, or undefined before its first start */
export async function readServerPort(folder: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(folder, 'port'), 'utf8'), 10);
  } catch {
    return undefined;
  }
}

/** @returns where an API server on this port is reached */
export function serverUrl(port: number): string {
  return `https://127.0.0.1:${port}`;
}

async function readServerUrl(folder: string): Promise<string> {
  const port = await readServerPort(folder);
  if (port === undefined)
    throw new DevError('NotStarted', `No control plane was started in ${folder} yet: run \`npm start\` first.`);
  return serverUrl(port);
}

async function renderKubeconfig(url: string, authority: Authority, user: User): Promise<string> {
  const { certificate, key } = await issueClientCertificate(authority, user, new Date());
  const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'assent', cluster: { server: url, 'certificate-authority-data': base64(authority.certificate) } },
      ],
      users: [
        {
          name: user.user,
          user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
        },
      ],
      contexts: [{ name: 'assent', context: { cluster: 'assent', user: user.user, namespace: 'default' } }],
      'current-context': 'assent',
    },
    { lineWidth: 0 },
  );
}

/** `alice+ml-leads`; what cannot stand in a file's name is replaced, and a digest tells such names apart. */
function fileNameOf({ user, groups }: User): string {
  const name = [user, ...groups].join('+');
  if (/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}$/.test(name) && ![user, ...groups].some((part) => part.includes('+')))
    return name;
  const digest = createHash('sha256')
    .update(JSON.stringify([user, groups]))
    .digest('hex');
  return `${name.replace(/[^A-Za-z0-9._]+/g, '-').slice(0, 60)}-${digest.slice(0, 12)}`;
}
