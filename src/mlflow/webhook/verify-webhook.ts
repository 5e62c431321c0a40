import { createHmac, timingSafeEqual } from 'node:crypto';

/** What came with a delivery (https://mlflow.org/docs/latest/ml/webhooks/). */
export interface WebhookHeaders {
  /** `v1,` and the HMAC-SHA256 of `DELIVERY.TIMESTAMP.BODY` in base64; MLflow leaves it out where its webhook has no secret. */
  readonly signature: string | undefined;
  readonly deliveryId: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp: string | undefined;
}

/** How far a delivery's clock may be from ours. */
export const TOLERANCE_MS = 300_000;

/** @returns why the delivery is not believed; null where it is */
export function refuseWebhook(
  body: Uint8Array,
  { signature, deliveryId, timestamp }: WebhookHeaders,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): string | null {
  if (signature === undefined || deliveryId === undefined || timestamp === undefined)
    return 'it is not signed: give the webhook in MLflow the secret of webhookSecret';
  const sentMs = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1000 : Number.NaN;
  const content = Buffer.concat([Buffer.from(`${deliveryId}.${timestamp}.`), body]);
  const expected = Buffer.from(`v1,${createHmac('sha256', secret).update(content).digest('base64')}`);
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return 'its signature is not of webhookSecret';
  // Looked at after the signature, so that a stranger learns nothing of our clock.
  if (!(Math.abs(nowMs - sentMs) <= TOLERANCE_MS)) return 'it is too old, or the clocks of the two machines differ';
  return null;
}
