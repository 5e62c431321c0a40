import { z } from 'zod';
import { BundleError } from './bundle-error.ts';
import type { Credentials } from './registry-login.ts';

const DOCKER_CONFIG = '.dockerconfigjson';
const DockerConfig = z.object({
  auths: z
    .record(
      z.string(),
      z.object({ auth: z.string().optional(), username: z.string().optional(), password: z.string().optional() }),
    )
    .default({}),
});

/**
 * Reads what a Secret holds: a Docker configuration, or `host` with `token`, or `host` with `username` and `password`.
 * Each says to which host it may be sent: who writes a policy cannot have it sent elsewhere.
 *
 * @param entries decoded
 * @param name of the Secret, for messages
 * @param host as it stands in the reference or address: `HOST` or `HOST:PORT`
 * @throws BundleError `unauthorized`
 */
export function readCredentials(
  entries: Readonly<Record<string, string>>,
  { name, host }: { readonly name: string; readonly host: string },
): Credentials {
  const docker = entries[DOCKER_CONFIG];
  const { token, username, password } = entries;
  if (docker !== undefined) {
    const found = readDockerConfig(docker, host);
    if (found) return found;
    throw new BundleError('unauthorized', `${name} has no credentials for ${host}`);
  }
  if (entries.host?.trim() !== host) {
    const may =
      entries.host === undefined ? 'does not say where it may be sent' : `may be sent to ${entries.host} only`;
    throw new BundleError('unauthorized', `${name} ${may}: its entry host must be ${host}`);
  }
  if (token !== undefined) return { kind: 'bearer', token: token.trim() };
  if (username !== undefined && password !== undefined) return { kind: 'basic', username, password };
  throw new BundleError('unauthorized', `${name} has neither token nor username and password`);
}

/** @returns what a Docker configuration (config.json) has for the host; null where there is nothing */
export function readDockerConfig(text: string, host: string): Credentials | null {
  const { auths } = parseConfig(text);
  const names = [host, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`];
  if (host === 'docker.io') names.push('https://index.docker.io/v1/');
  const found = names.flatMap((name) => (Object.hasOwn(auths, name) ? [auths[name]] : []))[0];
  if (!found) return null;
  const [, user = found.username, secret = found.password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(found.auth ?? '', 'base64').toString('utf8')) ?? [];
  return user && secret ? { kind: 'basic', username: user, password: secret } : null;
}

function parseConfig(text: string): z.infer<typeof DockerConfig> {
  try {
    return DockerConfig.parse(JSON.parse(text));
  } catch {
    return { auths: {} };
  }
}
