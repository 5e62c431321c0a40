import { createPrivateKey, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { issueCertificate } from './certificate.ts';

const now = new Date('2026-03-01T12:00:00Z');
const authority = await issueCertificate({ commonName: 'authority', usage: 'authority', now });
const issuer = { commonName: 'authority', key: createPrivateKey(authority.key) };
const authorityCertificate = new X509Certificate(authority.certificate);

test('an authority signs itself and may sign others', () => {
  expect(authorityCertificate.ca).toBe(true);
  expect(authorityCertificate.checkIssued(authorityCertificate)).toBe(true);
  expect(authorityCertificate.verify(authorityCertificate.publicKey)).toBe(true);
});

test('a server’s certificate is for this machine only, and can sign nobody', async () => {
  const issued = await issueCertificate({ commonName: 'server', usage: 'server', issuer, now });
  const server = new X509Certificate(issued.certificate);
  expect(server.checkIssued(authorityCertificate)).toBe(true);
  expect(server.ca).toBe(false);
  expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(server.checkHost('localhost')).toBe('localhost');
  expect(server.checkHost('server', { subject: 'never' })).toBeUndefined();
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
});

test('a client’s certificate carries any text as name and groups, and belongs to its key', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 400 }).filter((value) => !value.includes('\0'));
  await fc.assert(
    fc.asyncProperty(text, fc.array(text, { maxLength: 4 }), async (commonName, organizations) => {
      const { certificate, key } = await issueCertificate({ commonName, organizations, usage: 'client', issuer, now });
      const client = new X509Certificate(certificate);
      expect(client.verify(authorityCertificate.publicKey)).toBe(true);
      expect(client.checkPrivateKey(createPrivateKey(key))).toBe(true);
      for (const value of [commonName, ...organizations]) expect(client.raw.includes(Buffer.from(value))).toBe(true);
      const { CN, O } = client.toLegacyObject().subject as { CN: string; O?: string | string[] };
      expect([CN, ...[O ?? []].flat()]).toEqual([commonName, ...organizations]);
    }),
    { numRuns: 50 },
  );
});

test('it is valid from a little before it was issued', () => {
  expect(authorityCertificate.validFromDate).toEqual(new Date('2026-03-01T11:00:00Z'));
  expect(authorityCertificate.validToDate).toEqual(new Date('2036-03-01T12:00:00Z'));
});
