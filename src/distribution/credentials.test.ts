import { describe, expect, it } from 'vitest';
import { readCredentials } from './credentials.ts';
import { parseOciReference } from './oci-reference.ts';

const read = (entries: Readonly<Record<string, string>>, host = 'registry.example.com') =>
  readCredentials(entries, { name: 'Secret login', host });
const docker = (auths: Record<string, unknown>) => ({ '.dockerconfigjson': JSON.stringify({ auths }) });

describe('the credentials of a Secret', () => {
  it('are those of the host, in each form', () => {
    const basic = { kind: 'basic', username: 'ann', password: 'pass:word' };
    const auth = Buffer.from('ann:pass:word').toString('base64');
    expect(read(docker({ 'registry.example.com': { auth } }))).toEqual(basic);
    expect(read(docker({ 'https://registry.example.com/v1/': { username: 'ann', password: 'pass:word' } }))).toEqual(
      basic,
    );
    expect(read(docker({ 'https://index.docker.io/v1/': { auth } }), 'docker.io')).toEqual(basic);
    expect(read({ host: 'registry.example.com', username: 'ann', password: 'pass:word' })).toEqual(basic);
    expect(read({ host: 'registry.example.com', token: 'abc\n' })).toEqual({ kind: 'bearer', token: 'abc' });
  });

  it.each([
    [docker({ 'registry.example.com': { auth: 'YW5uOng=' } })],
    [{ host: 'registry.example.com', token: 'abc' }],
    [{ token: 'abc' }],
    [{ current: 'x', 'abc.pem': 'PRIVATE' }],
    [{ '.dockerconfigjson': 'no JSON' }],
  ])('%j are not sent to another host', (entries) => {
    expect(() => read(entries, 'registry.example.com.evil.example')).toThrow(
      /Secret login (has no credentials|may be sent|does not say)/,
    );
    expect(() => read(entries, 'registry.example.com:8443')).toThrow('Secret login');
  });
});

describe('a reference', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  it.each([
    ['ghcr.io/acme/policies:1', { registry: 'ghcr.io', repository: 'acme/policies', tag: '1', digest: undefined }],
    ['oci://localhost:5000/p', { registry: 'localhost:5000', repository: 'p', tag: 'latest', digest: undefined }],
    [`r.example/a/b:x@${digest}`, { registry: 'r.example', repository: 'a/b', tag: 'x', digest }],
    [`r.example/a@${digest}`, { registry: 'r.example', repository: 'a', tag: undefined, digest }],
  ])('%s is read', (text, expected) => expect(parseOciReference(text)).toEqual(expected));

  it.each([
    'acme/policies:1',
    'ghcr.io',
    'ghcr.io/',
    'ghcr.io/A',
    'ghcr.io/../x',
    'ghcr.io/a?x',
    'https://ghcr.io/a',
    'a@b.c/x',
    `r.example/a@sha256:abc`,
  ])('%s is none', (text) => expect(() => parseOciReference(text)).toThrow('is no reference'));
});
