import type { BuiltinTable } from './builtin.ts';
import { stringOperand } from './operands.ts';

/** Encodings; base64 itself is compiled into the module. */
export const encodingBuiltins: BuiltinTable = {
  'base64url.encode_no_pad': (text) => Buffer.from(stringOperand(text)).toString('base64url'),
  'hex.encode': (text) => Buffer.from(stringOperand(text)).toString('hex'),
  'hex.decode': (text) => {
    const digits = stringOperand(text);
    return /^([0-9a-fA-F]{2})*$/.test(digits) ? Buffer.from(digits, 'hex').toString('utf8') : undefined;
  },
};
