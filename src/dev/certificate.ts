import 'reflect-metadata';
import { createPublicKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonNameParams,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key, both as PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Who signs: a subject's common name and private key. */
export interface Issuer {
  readonly commonName: string;
  /** On the curve P-256. */
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
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Issues an X.509 v3 certificate (RFC 5280) with a new P-256 key. Any text is a name: it is kept as it is. */
export async function issueCertificate(request: CertificateRequest): Promise<KeyedCertificate> {
  const { commonName, organizations = [], usage, now } = request;
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const issuer = request.issuer ?? { commonName, key: KeyObject.from(keys.privateKey) };
  const signingKey = issuer.key.toCryptoKey(ALGORITHM, true, ['sign']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: buildName(commonName, organizations),
    issuer: buildName(issuer.commonName, []),
    ...validity(now),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: await buildExtensions(usage, keys.publicKey, issuer),
  });
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Typed values: a plain string that begins with # would be read as hexadecimal. */
function buildName(commonName: string, organizations: readonly string[]): Name {
  const attributes: JsonNameParams = organizations.map((text) => ({ O: [{ utf8String: text }] }));
  return new Name([...attributes, { CN: [{ utf8String: commonName }] }]);
}

function validity(now: Date): { readonly notBefore: Date; readonly notAfter: Date } {
  const notBefore = new Date(now);
  notBefore.setUTCHours(notBefore.getUTCHours() - 1);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + YEARS);
  return { notBefore, notAfter };
}

async function buildExtensions(
  usage: CertificateRequest['usage'],
  publicKey: webcrypto.CryptoKey,
  { key }: Issuer,
): Promise<Extension[]> {
  const isAuthority = usage === 'authority';
  const issuerKey = await PublicKey.create(publicKeyOf(key));
  const always = [
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuerKey),
    new BasicConstraintsExtension(isAuthority, undefined, true),
    new KeyUsagesExtension(
      isAuthority ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature,
      true,
    ),
  ];
  if (isAuthority) return always;
  if (usage === 'client') return [...always, new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
  const names = [
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
  ] as const;
  return [
    ...always,
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([...names]),
  ];
}

function publicKeyOf(privateKey: KeyObject): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
}

/** Positive and of full length, whatever the random bits are. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
