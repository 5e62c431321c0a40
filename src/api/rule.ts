import type { z } from 'zod';

/** One entry of `x-kubernetes-validations`: a CEL rule that the API server itself checks. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  /** A CEL expression for a message that names what was found; `message` is used where it fails. */
  readonly messageExpression?: string;
}

/**
 * Attaches to `schema` what only a CRD can say: CEL rules, length limits, list and map kinds.
 * zod carries it along unread, and `buildCrd` finds it in the JSON schema.
 *
 * @example
 * const name = inCrd(z.string(), { maxLength: 253 });
 */
export function inCrd<Schema extends z.ZodType>(
  schema: Schema,
  extra: { readonly 'x-kubernetes-validations'?: readonly CelRule[]; readonly [key: string]: unknown },
): Schema {
  return schema.meta({ ...extra });
}
