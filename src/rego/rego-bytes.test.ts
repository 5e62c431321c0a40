import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBytes, encodeBytes } from './rego-bytes.ts';
import { encodeRegoValue, parseRegoValue } from './rego-value.ts';

const text = fc.oneof(
  fc.uint8Array(),
  fc.string({ unit: 'binary' }).map((string) => new Uint8Array(Buffer.from(string))),
);

test('any bytes are the same bytes again, also as a value on its way to a builtin and back', () => {
  fc.assert(
    fc.property(text, (bytes) => {
      expect([...encodeBytes(decodeBytes(bytes))]).toEqual([...bytes]);
      const value = decodeBytes(bytes);
      const sent = encodeBytes(encodeRegoValue([value]));
      expect(parseRegoValue(decodeBytes(sent))).toEqual([value]);
    }),
  );
});

test('what looks like the escape of such a byte is what it looks like', () => {
  for (const written of ['\\udc80', '\\\\udc80', 'é\\udc80\udc80'])
    expect(parseRegoValue(encodeRegoValue(written))).toBe(written);
});
