import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Builtin, BuiltinTable } from './builtin.ts';
import { bytesOperand } from './operands.ts';

/** Digests in lower-case hexadecimal. */
export const digestBuiltins: BuiltinTable = {
  'crypto.md5': digest('md5'),
  'crypto.sha1': digest('sha1'),
  'crypto.sha256': digest('sha256'),
  'crypto.hmac.md5': hmac('md5'),
  'crypto.hmac.sha1': hmac('sha1'),
  'crypto.hmac.sha256': hmac('sha256'),
  'crypto.hmac.sha512': hmac('sha512'),
  'crypto.hmac.equal': (one, other) => {
    const [a, b] = [bytesOperand(one), bytesOperand(other)];
    return a.length === b.length && timingSafeEqual(a, b);
  },
};

function digest(algorithm: string): Builtin {
  return (text) => createHash(algorithm).update(bytesOperand(text)).digest('hex');
}

function hmac(algorithm: string): Builtin {
  return (text, key) => createHmac(algorithm, bytesOperand(key)).update(bytesOperand(text)).digest('hex');
}
