import { describe, expect, it } from 'vitest';
import { createAddressGuard, parseAllowedHost } from './address-guard.ts';

const refusal = (message: string) =>
  expect.objectContaining({ code: 'address-refused', message: expect.stringContaining(message) });

/** What a connection to this address would be told: as an address in the URL, and as one that a name has. */
function ask(address: string, ...allowed: readonly string[]): unknown {
  const guard = createAddressGuard(allowed.map(parseAllowedHost));
  try {
    guard.check(new URL(address));
    return 'asked';
  } catch (error) {
    return error;
  }
}

async function resolve(address: string, ...allowed: readonly string[]): Promise<unknown> {
  const url = new URL(address);
  const { promise, resolve: tell } = Promise.withResolvers<unknown>();
  const lookup = createAddressGuard(allowed.map(parseAllowedHost)).lookupFor(url);
  lookup(url.hostname, {}, (error, found) => tell(error ?? found));
  return promise;
}

describe('an address', () => {
  it.each(['https://93.184.215.14/x', 'https://[2606:2800:21f:cb07::1]/', 'https://example.com/b.tar.gz'])(
    '%s is public, and asked',
    (address) => expect(ask(address)).toBe('asked'),
  );

  it.each([
    'https://10.1.2.3/',
    'https://127.0.0.1/',
    'https://0.0.0.0/',
    'https://192.168.1.1/',
    'https://172.31.0.1/',
    'https://100.64.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://224.0.0.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[fd00::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://[2001:db8::1]/',
  ])('%s is private, and not asked', (address) => expect(ask(address)).toEqual(refusal('a private address')));

  it.each([
    'https://169.254.169.254/',
    'https://100.100.100.200/',
    'https://168.63.129.16/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://[::ffff:169.254.169.254]/',
  ])('%s hands out credentials, and nothing allows it', (address) => {
    expect(ask(address, new URL(address).host)).toEqual(refusal('only its own machine'));
  });

  it('of a name is judged by what the name resolves to', async () => {
    expect(ask('https://localhost/')).toBe('asked');
    expect(await resolve('https://localhost/')).toEqual(refusal('a private address'));
    expect(await resolve('https://localhost:5000/', 'localhost:5000')).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(await resolve('https://localhost:5001/', 'localhost:5000')).toEqual(refusal('a private address'));
  });

  it('without TLS is asked only where an administrator said so', () => {
    expect(ask('http://example.com/')).toEqual(refusal('is not https'));
    expect(ask('http://example.com/', 'example.com')).toEqual(refusal('is not https'));
    expect(ask('http://example.com/', 'http://example.com')).toBe('asked');
    expect(ask('http://10.0.0.1:8080/', 'http://10.0.0.1:8080')).toBe('asked');
    expect(ask('http://10.0.0.1:8081/', 'http://10.0.0.1:8080')).toEqual(refusal('is not https'));
    expect(ask('ftp://example.com/', 'http://example.com')).toEqual(refusal('is not https'));
  });

  it('with credentials in it is refused, and so is what is no host', () => {
    expect(ask('https://user:secret@example.com/')).toMatchObject({ code: 'invalid' });
    expect(() => parseAllowedHost('https://example.com/path')).toThrow('is no host');
  });
});
