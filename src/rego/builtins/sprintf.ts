import { RegoDecimal, type RegoValue } from '../rego-value.ts';
import type { BuiltinTable } from './builtin.ts';
import { type FormatArgument, goSprintf } from './go-format.ts';
import { arrayOperand, stringOperand } from './operands.ts';
import { renderRego } from './rego-text.ts';

/** `sprintf(format, values)`: Go's verbs; everything but numbers and strings is formatted as OPA prints it. */
export const sprintfBuiltins: BuiltinTable = {
  sprintf: (format, values) => goSprintf(stringOperand(format), arrayOperand(values).map(toArgument)),
};

function toArgument(value: RegoValue): FormatArgument {
  if (typeof value === 'string' || typeof value === 'bigint') return value;
  if (!(value instanceof RegoDecimal)) return renderRego(value);
  const float = Number(value.text);
  return Number.isFinite(float) ? float : value.text;
}
