import type { RegoValue } from '../rego-value.ts';

/**
 * One builtin that OPA's compiler leaves to the host. As in OPA, an erring builtin is undefined: it returns
 * undefined or throws. The compiler has checked the number of operands, not their types at run time.
 */
export type Builtin = (...operands: RegoValue[]) => RegoValue | undefined;

export type BuiltinTable = Readonly<Record<string, Builtin>>;
