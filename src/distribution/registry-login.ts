import { z } from 'zod';
import { BundleError } from './bundle-error.ts';
import { sendHttp, type Transport } from './http-request.ts';

/** What a server is shown; it is sent to no other host than the one that it was made for. */
export type Credentials =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

interface Login extends Transport {
  /** The registry's host, as it stands in references. */
  readonly registry: string;
  readonly credentials?: Credentials | undefined;
}

const TOKEN_BYTES = 2 ** 16;
const TokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * Answers a registry's challenge: Basic with the credentials, Bearer with a token from the server that it names
 * (https://distribution.github.io/distribution/spec/auth/token).
 *
 * @returns the header `Authorization`; null where nothing is at hand that would answer it
 * @throws BundleError where the token's server cannot be asked
 */
export async function answerChallenge(challenge: string, login: Login): Promise<string | null> {
  const { credentials, registry } = login;
  const [, scheme = '', text = ''] = /^(\w+)\s*(.*)$/s.exec(challenge) ?? [];
  if (scheme.toLowerCase() === 'basic' || credentials?.kind === 'bearer')
    return credentials ? renderAuthorization(credentials) : null;
  if (scheme.toLowerCase() !== 'bearer') return null;
  const parameters = Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  const realm = URL.parse(parameters.realm ?? '');
  if (!realm) throw new BundleError('unreachable', `${registry} asks for a token and does not say of whom`);
  if (parameters.service) realm.searchParams.set('service', parameters.service);
  for (const scope of parameters.scope?.split(' ') ?? []) realm.searchParams.append('scope', scope);
  // The realm is the registry's own word, which gets these credentials anyway.
  const headers: Record<string, string> = credentials ? { authorization: renderAuthorization(credentials) } : {};
  const { status, body } = await sendHttp({ url: realm, headers, maxBytes: TOKEN_BYTES }, login);
  if (status === 401 || status === 403) return null;
  const { token, access_token: access } = parseAnswer(body);
  if (status !== 200 || !(token ?? access))
    throw new BundleError('unreachable', `${realm.host} gives no token for ${registry} (HTTP ${status})`);
  return `Bearer ${token ?? access}`;
}

export function renderAuthorization(credentials: Credentials): string {
  if (credentials.kind === 'bearer') return `Bearer ${credentials.token}`;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

function parseAnswer(body: Buffer): z.infer<typeof TokenAnswer> {
  try {
    return TokenAnswer.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return {};
  }
}
