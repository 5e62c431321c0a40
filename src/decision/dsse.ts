import { z } from 'zod';

/** A signed payload as https://github.com/secure-systems-lab/dsse/blob/master/envelope.md has it. */
export const DsseEnvelope = z
  .strictObject({
    payloadType: z.string(),
    /** Base64. */
    payload: z.string(),
    signatures: z
      .array(z.strictObject({ keyid: z.string(), sig: z.string() }).readonly())
      .min(1)
      .readonly(),
  })
  .readonly();
export type DsseEnvelope = z.infer<typeof DsseEnvelope>;

/** @returns the bytes that are signed: DSSE's pre-authentication encoding of the payload and its type. */
export function encodeForSigning(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
