import { decodeBytes } from '../rego-bytes.ts';
import type { BuiltinTable } from './builtin.ts';
import { bytesOperand, stringOperand } from './operands.ts';

/** Encodings; base64 itself is compiled into the module. */
export const encodingBuiltins: BuiltinTable = {
  'base64url.encode_no_pad': (text) => bytesOperand(text).toString('base64url'),
  'hex.encode': (text) => bytesOperand(text).toString('hex'),
  'hex.decode': (text) => {
    const digits = stringOperand(text);
    return /^([0-9a-fA-F]{2})*$/.test(digits) ? decodeBytes(Buffer.from(digits, 'hex')) : undefined;
  },
};
