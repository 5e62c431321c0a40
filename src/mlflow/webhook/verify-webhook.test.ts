import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { createSeenDeliveries } from './seen-deliveries.ts';
import { refuseWebhook, TOLERANCE_MS } from './verify-webhook.ts';

const SECRET = 'a secret of the webhook';
const NOW = Date.parse('2026-01-02T03:04:05Z');
const BODY = Buffer.from('{"entity":"model_version"}');

function sign(body: Uint8Array, { secret = SECRET, atMs = NOW, deliveryId = 'd1' } = {}) {
  const timestamp = String(Math.floor(atMs / 1000));
  const digest = createHmac('sha256', secret).update(`${deliveryId}.${timestamp}.`).update(body).digest('base64');
  return { signature: `v1,${digest}`, deliveryId, timestamp };
}

const refuse = (headers: Parameters<typeof refuseWebhook>[1], body = BODY) =>
  refuseWebhook(body, headers, { secret: SECRET, nowMs: NOW });

it('believes a delivery that is signed with the secret, now', () => {
  expect(refuse(sign(BODY))).toBeNull();
  expect(refuse(sign(BODY, { atMs: NOW - TOLERANCE_MS }))).toBeNull();
});

it.each([
  ['of another secret', sign(BODY, { secret: 'another secret' }), /signature/],
  ['of another body', sign(Buffer.from('{}')), /signature/],
  ['without a signature', { ...sign(BODY), signature: undefined }, /not signed/],
  ['without a delivery id', { ...sign(BODY), deliveryId: undefined }, /not signed/],
  ['whose id was changed', { ...sign(BODY), deliveryId: 'd2' }, /signature/],
  ['whose time was changed', { ...sign(BODY), timestamp: '1767323046' }, /signature/],
  ['of yesterday', sign(BODY, { atMs: NOW - 86_400_000 }), /too old/],
  ['of tomorrow', sign(BODY, { atMs: NOW + 86_400_000 }), /too old/],
  ['with a longer signature', { ...sign(BODY), signature: `${sign(BODY).signature}x` }, /signature/],
])('refuses a delivery %s', (_, headers, why) => {
  expect(refuse(headers)).toMatch(why);
});

it('takes a delivery once, as long as its time would be taken', () => {
  const seen = createSeenDeliveries(1_000);
  expect([seen.add('a', 0), seen.add('a', 1_000), seen.add('b', 1_001), seen.add('a', 1_002)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
});
