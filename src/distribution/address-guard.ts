import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { BundleError } from './bundle-error.ts';

/** A host that an administrator lets bundles come from, although its address is private or it speaks no TLS. */
export interface AllowedHost {
  readonly hostname: string;
  /** Any port where it is left out. */
  readonly port?: number | undefined;
  readonly withoutTls: boolean;
}

/** Decides which addresses may be asked: who writes a policy makes the operator ask them, from inside the cluster. */
export interface AddressGuard {
  /** @throws BundleError where the address may not be asked at all, whatever its host resolves to */
  check(url: URL): void;
  /** Resolves a host for one connection, and fails where it has an address that may not be asked. */
  lookupFor(url: URL): LookupFunction;
  /** Whether an administrator said that this host speaks no TLS. */
  isWithoutTls(host: string): boolean;
}

/** What is on the public internet, and nothing else: https://www.iana.org/assignments/iana-ipv6-special-registry */
const PUBLIC_IPV6 = new BlockList();
PUBLIC_IPV6.addSubnet('2000::', 3, 'ipv6');
/** Within it, what reaches other networks or nobody: Teredo, 6to4, ORCHID, documentation. */
const SPECIAL = new BlockList();
for (const [net, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  SPECIAL.addSubnet(net, prefix, 'ipv6');
/** https://www.iana.org/assignments/iana-ipv4-special-registry */
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  SPECIAL.addSubnet(net, prefix, 'ipv4');
/** Where clouds hand out credentials: nothing allows these. */
const NEVER = new BlockList();
NEVER.addSubnet('169.254.0.0', 16, 'ipv4');
NEVER.addAddress('100.100.100.200', 'ipv4');
NEVER.addAddress('168.63.129.16', 'ipv4');
NEVER.addSubnet('fe80::', 10, 'ipv6');
NEVER.addAddress('fd00:ec2::254', 'ipv6');
NEVER.addAddress('fd20:ce::254', 'ipv6');

/**
 * @param allowed hosts of private networks; everything public may be asked, over TLS
 * @param flag by which an administrator allows one, for messages
 */
export function createAddressGuard(allowed: readonly AllowedHost[], flag = '--bundle-host'): AddressGuard {
  const find = (url: URL): AllowedHost | undefined =>
    allowed.find(({ hostname, port }) => hostname === hostOf(url) && (port === undefined || port === portOf(url)));

  const refuse = (url: URL, address: string): BundleError | null => {
    if (isNever(address)) return refused(`${url.host} is ${address}, an address that only its own machine may ask`);
    if (isPublic(address) || find(url)) return null;
    return refused(`${url.host} is ${address}, a private address: an administrator allows it by ${flag} ${url.host}`);
  };

  return {
    check(url) {
      if (url.username || url.password)
        throw new BundleError('invalid', 'credentials do not belong in an address; give auth.secretRef');
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && find(url)?.withoutTls))
        throw refused(`${url.origin} is not https: an administrator allows it by ${flag} http://${url.host}`);
      const error = isIP(hostOf(url)) ? refuse(url, hostOf(url)) : null;
      if (error) throw error;
    },
    lookupFor: (url) => (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
        const refusal = addresses?.map(({ address }) => refuse(url, address)).find((one) => one !== null);
        const [first] = addresses ?? [];
        if (error || refusal || !first) callback(error ?? refusal ?? new Error('no address'), '', 0);
        else if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    },
    isWithoutTls: (host) => find(new URL(`http://${host}`))?.withoutTls ?? false,
  };
}

/** A guard for people at their own machine, who may ask whom they like; `withoutTls` as they say. */
export function trustEveryAddress(withoutTls: boolean): AddressGuard {
  return {
    check(url) {
      if (url.protocol !== 'https:' && !(withoutTls && url.protocol === 'http:'))
        throw refused(`${url.origin} is not https: --plain-http takes it all the same`);
    },
    lookupFor: () => lookup,
    isWithoutTls: () => withoutTls,
  };
}

/**
 * @param text `HOST`, `HOST:PORT`, or either after `http://` where it speaks no TLS
 * @throws BundleError `invalid`
 */
export function parseAllowedHost(text: string): AllowedHost {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  if (!url?.hostname || url.pathname !== '/' || url.search || url.username)
    throw new BundleError('invalid', `${text} is no host: write HOST, HOST:PORT, or http://HOST:PORT`);
  const port = /:(\d+)\/?$/.exec(text)?.[1];
  return {
    hostname: hostOf(url),
    port: port === undefined ? undefined : Number(port),
    withoutTls: url.protocol === 'http:',
  };
}

function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !SPECIAL.check(address, 'ipv4');
  return PUBLIC_IPV6.check(address, 'ipv6') && !SPECIAL.check(address, 'ipv6');
}

function isNever(address: string): boolean {
  return NEVER.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === 'http:' ? 80 : 443);
}

function refused(why: string): BundleError {
  return new BundleError('address-refused', why);
}
