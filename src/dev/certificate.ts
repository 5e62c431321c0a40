import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  bitString,
  boolean,
  integer,
  objectId,
  octetString,
  sequence,
  setOf,
  tagged,
  taggedPrimitive,
  time,
  utf8String,
} from './der.ts';

/** A certificate and its private key, both as PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Who signs: a subject's common name and private key. */
export interface Issuer {
  readonly commonName: string;
  readonly key: KeyObject;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Kubernetes reads a client's groups from here. */
  readonly organizations?: readonly string[];
  readonly usage: 'authority' | 'server' | 'client';
  /** Without one, the certificate signs itself. */
  readonly issuer?: Issuer;
  readonly now: Date;
}

const YEARS = 10;

/** Issues an X.509 v3 certificate (RFC 5280) with a new P-256 key. Any text is a name: it is kept as it is. */
export function issueCertificate(request: CertificateRequest): KeyedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = request.issuer ?? { commonName: request.commonName, key: privateKey };
  const tbs = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    name(issuer.commonName, []),
    validity(request.now),
    name(request.commonName, request.organizations ?? []),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions(request.usage, keyIdentifier(publicKey), issuer))),
  );
  const certificate = sequence(tbs, ECDSA_WITH_SHA256, bitString(sign('sha256', tbs, issuer.key)));
  return {
    certificate: toPem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const SERVER_AUTH = objectId('1.3.6.1.5.5.7.3.1');
const CLIENT_AUTH = objectId('1.3.6.1.5.5.7.3.2');

function name(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (id: string, text: string) => setOf(sequence(objectId(id), utf8String(text)));
  return sequence(...organizations.map((text) => attribute('2.5.4.10', text)), attribute('2.5.4.3', commonName));
}

function validity(now: Date): Buffer {
  const from = new Date(now);
  from.setUTCHours(from.getUTCHours() - 1);
  const to = new Date(now);
  to.setUTCFullYear(to.getUTCFullYear() + YEARS);
  return sequence(time(from), time(to));
}

function extensions(usage: CertificateRequest['usage'], subjectKey: Buffer, issuer: Issuer): Buffer[] {
  const issuerKey = keyIdentifier(createPublicKey(issuer.key));
  const always = [
    extension('2.5.29.14', octetString(subjectKey)),
    extension('2.5.29.35', sequence(taggedPrimitive(0, issuerKey))),
    extension('2.5.29.19', usage === 'authority' ? sequence(boolean(true)) : sequence(), true),
    // Bit 0 is digitalSignature, bits 5 and 6 are keyCertSign and cRLSign.
    extension('2.5.29.15', usage === 'authority' ? bitString(Buffer.of(0x06), 1) : bitString(Buffer.of(0x80), 7), true),
  ];
  if (usage === 'authority') return always;
  if (usage === 'client') return [...always, extension('2.5.29.37', sequence(CLIENT_AUTH))];
  const names = sequence(
    taggedPrimitive(2, Buffer.from('localhost', 'ascii')),
    taggedPrimitive(7, Buffer.of(127, 0, 0, 1)),
  );
  return [...always, extension('2.5.29.37', sequence(SERVER_AUTH)), extension('2.5.29.17', names)];
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

// Positive and of full length, whatever the random bits are.
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
