import type { CompileError, EvaluationResult } from '../../src/rego/index.ts';
import { RegoObject, RegoSet, type RegoValue } from '../../src/rego/rego-value.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { NativeAnswer } from './native-opa.ts';
import { exactDigits, matches, matchInAnyOrder, parsePrinted } from './printed-value.ts';

/** What came of a case. */
export type Verdict =
  | { kind: 'passed' }
  /** The compiler refuses a builtin, as it is meant to. */
  | { kind: 'refused'; builtin: string }
  /** The numbers differ in their last digits: WebAssembly calculates with decimals, OPA with binary floats. */
  | { kind: 'decimal' }
  | { kind: 'failed'; message: string };

/** A refusal of the compiler that is meant is a verdict; any other error is a failure. */
export function judgeRefusal(errors: readonly CompileError[]): Verdict {
  const refused = errors.find(({ code }) => code === 'builtin_refused');
  const [, builtin] = /^builtin (\S+) is refused/.exec(refused?.message ?? '') ?? [];
  if (builtin !== undefined) return { kind: 'refused', builtin };
  return { kind: 'failed', message: errors.map(({ code, message }) => `${code}: ${message}`).join('; ') };
}

/** Judges by what the case wants: a result, or an error that is not one of a builtin. */
export function judgeResult(given: ConformanceCase, result: EvaluationResult): Verdict {
  const { wantError, wantErrorCode, wantResult, sortBindings } = given;
  const wantsError = wantErrorCode ?? wantError;
  if (wantsError === null && result.kind === 'value') {
    const found = readMembers(textOf(result.value));
    return compare(sortBindings ? found.map(asUnordered) : found, readMembers(wantResult ?? '[]'), true);
  }
  if (wantsError !== null && result.kind === 'error' && result.code === 'policy') return { kind: 'passed' };
  return { kind: 'failed', message: `wants ${wantsError ?? wantResult}, and gave ${describe(result)}` };
}

/** Judges by what OPA says of the same program. */
export function judgeByNative(native: NativeAnswer, result: EvaluationResult): Verdict {
  if (native.error === undefined && result.kind === 'value')
    return compare(readMembers(textOf(result.value)), readMembers(String(native.value)), false);
  if (native.error !== undefined && result.kind === 'error' && result.code === 'policy') return { kind: 'passed' };
  return { kind: 'failed', message: `OPA says ${native.error ?? native.value}, and we ${describe(result)}` };
}

function compare(found: readonly RegoValue[], wanted: readonly RegoValue[], asJson: boolean): Verdict {
  const equal = (digits: number) =>
    matchInAnyOrder(found, wanted, (one, other) => matches(one, other, { asJson, digits }));
  if (equal(exactDigits)) return { kind: 'passed' };
  if (equal(floatDigits)) return { kind: 'decimal' };
  const without = (these: readonly RegoValue[], those: readonly RegoValue[]) =>
    these.filter((one) => !those.some((other) => matches(one, other, { asJson, digits: floatDigits })));
  return {
    kind: 'failed',
    message: `wants ${write(without(wanted, found))}, and gave ${write(without(found, wanted))}`,
  };
}

function write(values: readonly RegoValue[]): string {
  return JSON.stringify(values, (_, value) => (typeof value === 'bigint' ? Number(value) : value));
}

/** What a variable is bound to is a set to such a case, whatever it is. */
function asUnordered(bindings: RegoValue): RegoValue {
  if (!(bindings instanceof RegoObject)) return bindings;
  return new RegoObject(
    bindings.entries.map(([name, value]) => [name, Array.isArray(value) ? new RegoSet(value) : value]),
  );
}

/** What binary floats surely keep of a few operations. */
const floatDigits = 14;

/** The members of a set or an array that Rego printed. */
export function readMembers(text: string): readonly RegoValue[] {
  const value = parsePrinted(text);
  if (value instanceof RegoSet) return value.members;
  if (Array.isArray(value)) return value;
  throw new TypeError(`${text} is no set of bindings`);
}

/** What the rule of `buildProgram` gives. */
function textOf(document: unknown): string {
  if (typeof document === 'object' && document !== null && 'text' in document) return String(document.text);
  throw new TypeError(`the program gave ${JSON.stringify(document)}`);
}

function describe(result: EvaluationResult): string {
  return result.kind === 'error' ? `${result.code}: ${result.message}` : textOf(result.value);
}
