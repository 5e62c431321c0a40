import type { Credentials } from '../../distribution/index.ts';

/** @param authorization a request's header @returns undefined where it has none of a known kind */
export function parseCredentials(authorization: string | undefined): Credentials | undefined {
  const [, scheme = '', text = ''] = /^(\S+) +(\S+)$/.exec(authorization?.trim() ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', token: text };
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const [username = '', ...password] = Buffer.from(text, 'base64').toString('utf8').split(':');
  return { kind: 'basic', username, password: password.join(':') };
}
