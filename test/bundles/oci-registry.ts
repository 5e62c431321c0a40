import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { ensureRegistry, findFreePort, issueCertificate } from '../../src/dev/index.ts';
import { until } from '../e2e/until.ts';

const USERNAME = 'robot';
const PASSWORD = 'registry-password';
/** bcrypt, the only hash that the registry takes. */
const HTPASSWD = `${USERNAME}:$2a$05$OXT3gdZyv44Ucc2pFqtMQOXCKgsLDxhmXia/w9aFWy0YYURxbrIfi\n`;

/** The real registry, with TLS and a password. */
export interface OciRegistry extends AsyncDisposable {
  /** `HOST:PORT` */
  readonly host: string;
  /** The authority of its certificate, in PEM. */
  readonly authority: string;
  readonly authorityFile: string;
  /** What `docker login` would write. */
  readonly dockerConfig: string;
  /** The folder of that file. */
  readonly dockerConfigFolder: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** How the registry knows who asks. */
export type RegistryAuth = Readonly<Record<string, unknown>>;

/**
 * @param folder where it keeps everything; a registry that was stopped and started again has the same content
 * @param auth as its configuration has it; a password where it is left out
 */
export async function startOciRegistry(folder: string, auth?: RegistryAuth): Promise<OciRegistry> {
  const program = await ensureRegistry();
  const port = await findFreePort(undefined);
  const host = `localhost:${port}`;
  const now = new Date();
  const authority = await issueCertificate({ commonName: 'registry-authority', usage: 'authority', now });
  const issuer = { commonName: 'registry-authority', key: createPrivateKey(authority.key) };
  const server = await issueCertificate({ commonName: 'registry', usage: 'server', issuer, now });
  const login = Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64');
  const dockerConfig = JSON.stringify({ auths: { [host]: { auth: login } } });
  const file = (name: string) => join(folder, name);
  await mkdir(file('docker'), { recursive: true });
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: file('storage') } },
    http: { addr: `127.0.0.1:${port}`, secret: 'test', tls: { certificate: file('tls.crt'), key: file('tls.key') } },
    auth: auth ?? { htpasswd: { realm: 'registry', path: file('htpasswd') } },
  };
  await Promise.all([
    writeFile(file('tls.crt'), server.certificate),
    writeFile(file('tls.key'), server.key),
    writeFile(file('authority.crt'), authority.certificate),
    writeFile(file('htpasswd'), HTPASSWD),
    writeFile(file('docker/config.json'), dockerConfig),
    // JSON is YAML.
    writeFile(file('config.yml'), JSON.stringify(config)),
  ]);
  let child: ReturnType<typeof spawn> | undefined;
  const answers = async (): Promise<number | undefined> => {
    const outgoing = request(`https://${host}/v2/`, { ca: authority.certificate, agent: false }).end();
    const [response] = await once(outgoing, 'response');
    response.resume();
    return response.statusCode;
  };
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  };
  const start = async (): Promise<void> => {
    const env = { OTEL_TRACES_EXPORTER: 'none' };
    child = spawn(program, ['serve', file('config.yml')], { stdio: 'ignore', env });
    await until(answers, 401);
  };
  await start();
  return {
    host,
    authority: authority.certificate,
    authorityFile: file('authority.crt'),
    dockerConfig,
    dockerConfigFolder: file('docker'),
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
