import { encodeBytes } from '../rego-bytes.ts';
import { RegoSet, type RegoValue } from '../rego-value.ts';

/** A builtin's operand has the wrong type: the builtin is undefined, as in OPA. */
class OperandError extends Error {}

export function stringOperand(value: RegoValue | undefined): string {
  if (typeof value !== 'string') throw new OperandError('operand must be a string');
  return value;
}

/** The bytes of a string. */
export function bytesOperand(value: RegoValue | undefined): Buffer {
  return encodeBytes(stringOperand(value));
}

export function integerOperand(value: RegoValue | undefined): bigint {
  if (typeof value !== 'bigint') throw new OperandError('operand must be an integer');
  return value;
}

export function arrayOperand(value: RegoValue | undefined): readonly RegoValue[] {
  if (!Array.isArray(value)) throw new OperandError('operand must be an array');
  return value;
}

/** The strings of a string, or of an array or a set of strings. */
export function stringsOperand(value: RegoValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof RegoSet) return value.members.map(stringOperand);
  return arrayOperand(value).map(stringOperand);
}
