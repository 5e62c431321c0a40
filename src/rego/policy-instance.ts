import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import type { BuiltinReactor } from './builtin-reactor.ts';
import { type Builtin, type BuiltinTable, opaBuiltins, parseRfc3339, presentBuiltins } from './builtins/index.ts';
import { EvaluationError } from './evaluation-error.ts';
import { decodeBytes, encodeBytes } from './rego-bytes.ts';
import { encodeRegoValue, parseRegoValue } from './rego-value.ts';

// The package's ES module exports less than its types declare; its CommonJS form has what they say.
const { LoadedPolicy }: typeof import('@open-policy-agent/opa-wasm') = createRequire(import.meta.url)(
  '@open-policy-agent/opa-wasm',
);

/** What a module that OPA compiled exports, as far as we call it (OPA's WASM ABI 1.3). Addresses are integers. */
interface PolicyExports extends WebAssembly.Exports {
  opa_heap_ptr_get(): number;
  opa_heap_ptr_set(address: number): void;
  opa_json_parse(text: number, length: number): number;
  opa_eval_ctx_new(): number;
  opa_eval_ctx_set_input(context: number, value: number): void;
  opa_eval_ctx_set_data(context: number, value: number): void;
  eval(context: number): number;
  opa_eval_ctx_get_result(context: number): number;
  opa_malloc(length: number): number;
  opa_value_parse(text: number, length: number): number;
  opa_value_dump(value: number): number;
  builtins(): number;
  opa_json_dump(value: number): number;
}

const pageBytes = 65_536;
const initialPages = 5;
const abiMinorVersion = 3;
/** What earlier evaluations may leave on the heap before it begins anew; less where the policy's memory is small. */
const keptHeapBytes = 256 * 1024;
/** A text that a thread's heap cannot hold ends the process, not the thread. */
const maximumTextBytes = 64 * 1024 * 1024;

export interface PolicyInstanceOptions {
  module: WebAssembly.Module;
  /** The document `data`, as JSON. */
  data: string;
  /** The most memory that the instance may take, its data and inputs included. */
  memoryBytes: number;
  /** Those that are written here. */
  builtins: BuiltinTable;
  /** Serves OPA's own builtins; asked at each call, as an instance may take the place of another. */
  builtinReactor(): BuiltinReactor;
}

/** A policy with its data in a memory of its own. */
export interface PolicyInstance {
  /**
   * The result set of the entrypoint as JSON text: `[{"result": …}]`, or `[]` where it is undefined. Throws an
   * `EvaluationError`; the instance must not be used after that.
   */
  evaluate(input: string): string;
  /** The memory that it takes now. */
  readonly memoryBytes: number;
  /** Whether it has evaluated, and may have less memory left than a new one. */
  readonly used: boolean;
}

/**
 * The one place that knows `@open-policy-agent/opa-wasm`. The package loads data and keeps the addresses; imports,
 * builtins and the call itself are ours, so that errors are typed, sets and exact integers reach builtins, and a
 * result is not parsed in the worker only to be serialised again.
 */
export function instantiatePolicy({
  module,
  data,
  memoryBytes,
  builtins,
  builtinReactor,
}: PolicyInstanceOptions): PolicyInstance {
  const maximum = Math.max(1, Math.floor(memoryBytes / pageBytes));
  return guard(() => {
    const memory = new WebAssembly.Memory({ initial: Math.min(initialPages, maximum), maximum });
    const text = createTextAccess(memory);
    const names = new Map<number, string>();

    // The text of the input of the evaluation that runs.
    let currentInput = '';

    const callBuiltin = (id: number, _context: number, ...addresses: number[]): number => {
      const name = names.get(id) ?? '';
      const dumped = addresses.map((address) => exports.opa_value_dump(address));
      const encoded = builtins[name]
        ? callOurs(builtins[name], dumped.map(text.readBytes))
        : builtinReactor().call(name, presentFor(name, currentInput), dumped.map(text.readBytes));
      // Address 0 is undefined.
      if (encoded === undefined) return 0;
      if (!isUtf8(encoded)) throw new EvaluationError('policy', `${name} gave a text that is not UTF-8`);
      const at = exports.opa_malloc(encoded.length);
      new Uint8Array(memory.buffer).set(encoded, at);
      return exports.opa_value_parse(at, encoded.length);
    };
    const instance = new WebAssembly.Instance(module, {
      env: {
        memory,
        opa_abort: (address: number) => {
          throw toEvaluationError(text.read(address));
        },
        opa_println: () => undefined,
        opa_builtin0: callBuiltin,
        opa_builtin1: callBuiltin,
        opa_builtin2: callBuiltin,
        opa_builtin3: callBuiltin,
        opa_builtin4: callBuiltin,
      },
    });
    // The cast states OPA's ABI; what is missing in a foreign module fails at the first call below.
    const exports = instance.exports as PolicyExports;
    for (const [name, id] of Object.entries(readBuiltins(text.read(exports.opa_json_dump(exports.builtins()))))) {
      if (!builtins[name] && !opaBuiltins.has(name))
        throw new EvaluationError('builtin', `the policy calls ${name}, which is not implemented`);
      names.set(id, name);
    }
    const policy = new LoadedPolicy({ instance, module }, memory, abiMinorVersion);
    policy.setData(Uint8Array.from(Buffer.from(data)).buffer);

    let used = false;
    return {
      evaluate: (input) =>
        guard(() => {
          currentInput = input;
          // With the heap go the regular expressions and globs that OPA's runtime has compiled, which takes longer than
          // most evaluations: so it begins anew, where the data ends, only now and then. What is left there, nothing
          // reads. opa_eval does all this in one call, but takes an input that is not JSON for none.
          const heap: number = policy.dataHeapPtr;
          if (exports.opa_heap_ptr_get() - heap > Math.min(keptHeapBytes, memoryBytes / 16))
            exports.opa_heap_ptr_set(heap);
          const at = exports.opa_malloc(Buffer.byteLength(input));
          const length = text.write(input, at);
          used = true;
          const parsed = exports.opa_json_parse(at, length);
          if (parsed === 0) throw new EvaluationError('internal', 'the input is not JSON');
          const context = exports.opa_eval_ctx_new();
          exports.opa_eval_ctx_set_input(context, parsed);
          exports.opa_eval_ctx_set_data(context, policy.dataAddr);
          exports.eval(context);
          return text.read(exports.opa_json_dump(exports.opa_eval_ctx_get_result(context)));
        }),
      get memoryBytes() {
        return memory.buffer.byteLength;
      },
      get used() {
        return used;
      },
    };
  });
}

interface TextAccess {
  /** Reads the zero-terminated UTF-8 text at an address. */
  read(address: number): string;
  /** Its bytes, until the memory changes: a string of Rego need not be UTF-8. */
  readBytes(address: number): Uint8Array;
  /** Writes a text as UTF-8, growing the memory where needed, and returns its length in bytes. */
  write(text: string, address: number): number;
}

function createTextAccess(memory: WebAssembly.Memory): TextAccess {
  let view = Buffer.from(memory.buffer);
  // A memory that grew has another buffer; the old one is detached.
  const current = () => {
    if (view.buffer !== memory.buffer) view = Buffer.from(memory.buffer);
    return view;
  };
  const findEnd = (address: number) => {
    const end = current().indexOf(0, address);
    if (address === 0 || end < 0) throw new EvaluationError('internal', 'the policy gave no result');
    if (end - address > maximumTextBytes)
      throw new EvaluationError('result-too-large', 'the policy gave too long a text');
    return end;
  };
  return {
    read: (address) => current().toString('utf8', address, findEnd(address)),
    readBytes: (address) => current().subarray(address, findEnd(address)),
    write(text, address) {
      // Of UTF-16's units none takes more than three bytes: only near the end is the exact length worth its time.
      const missing = (length: number) => address + length - memory.buffer.byteLength;
      if (missing(text.length * 3) > 0) {
        const bytes = missing(Buffer.byteLength(text));
        if (bytes > 0) memory.grow(Math.ceil(bytes / pageBytes));
      }
      return current().write(text, address, 'utf8');
    },
  };
}

function callOurs(builtin: Builtin, operands: readonly Uint8Array[]): Uint8Array | undefined {
  try {
    const value = builtin(...operands.map((operand) => parseRegoValue(decodeBytes(operand))));
    return value === undefined ? undefined : encodeBytes(encodeRegoValue(value));
  } catch {
    // As in OPA: a builtin that fails is undefined, and so is what is built on it.
    return undefined;
  }
}

/** The decision's now, for the few builtins that need it, in nanoseconds since 1970. */
function presentFor(name: string, input: string): bigint | null {
  if (!presentBuiltins.has(name)) return null;
  const { now }: { now?: unknown } = JSON.parse(input) ?? {};
  return typeof now === 'string' ? (parseRfc3339(now) ?? null) : null;
}

function readBuiltins(json: string): Record<string, number> {
  return JSON.parse(json);
}

function guard<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw toEvaluationError(error);
  }
}

function toEvaluationError(cause: unknown): EvaluationError {
  if (cause instanceof EvaluationError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/^opa_malloc\b.*failed|Maximum memory size exceeded|could not allocate memory|grow/i.test(message))
    return new EvaluationError('memory', 'the policy needs more memory than its limit', { cause });
  if (/call stack/i.test(message))
    return new EvaluationError('policy', 'the policy or its input is nested too deeply', { cause });
  // OPA aborts with file:line:column and what is wrong, for example two complete rules that disagree.
  return new EvaluationError('policy', message, { cause });
}
