import { z } from 'zod';
import type { CelRule } from './rule.ts';

/** JavaScript has a meaning of its own for it: what parses an object leaves it out, and says nothing. */
const LEFT_OUT = '__proto__';
const MESSAGE = `no entry can be called ${LEFT_OUT}: nothing would read it`;

/** For the API server, which stores such an entry as any other. */
export const NAMED_VALUES_RULE: CelRule = { rule: `!('${LEFT_OUT}' in self)`, message: MESSAGE };

/** Values by name. What policies judge must be all that is stored, so that a name which is not read is refused. */
export function namedValues<Value extends z.ZodType>(value: Value) {
  return z.preprocess(
    (values, { addIssue }) => {
      if (typeof values === 'object' && values !== null && Object.hasOwn(values, LEFT_OUT))
        addIssue({ code: 'custom', path: [LEFT_OUT], message: MESSAGE });
      return values;
    },
    z.record(z.string(), value),
  );
}

/** @returns the entries, without what nobody could read of them. */
export function readableEntries<Value>(
  entries: readonly (readonly [string, Value])[],
): Readonly<Record<string, Value>> {
  return Object.fromEntries(entries.filter(([name]) => name !== LEFT_OUT));
}
