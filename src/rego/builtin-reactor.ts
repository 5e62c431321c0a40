import { WASI } from 'node:wasi';
import { EvaluationError } from './evaluation-error.ts';
import { builtinMemoryBytes, type Outside, startReactor } from './reactor.ts';

/**
 * OPA's own builtins, in an instance of the reactor that lives in the evaluation's thread and serves one call after
 * the other. The first instance starts in 0.1 s, others in 25 ms; a call takes 9 µs and more. The module takes 45 MiB
 * of resident memory once, each instance 50 MiB, so only a policy that calls one of them pays for it.
 */
export interface BuiltinReactor {
  /**
   * @param now in nanoseconds since 1970; null where the decision has none
   * @param operands as `opa_value_dump` writes them
   * @returns what `opa_value_parse` reads, or undefined where the builtin errs
   * @throws EvaluationError where the builtin took the whole instance with it
   */
  call(name: string, now: bigint | null, operands: readonly Uint8Array[]): Uint8Array | undefined;
  /** Whether it must make way for a new instance: it died, or it grew and would never shrink. */
  readonly spent: boolean;
}

/** An instance that grew beyond this is replaced before the next evaluation. */
const keptMemoryBytes = 128 * 1024 * 1024;

const undefinedOutcome = 0;
const definedOutcome = 1;

export function startBuiltinReactor(module: WebAssembly.Module): BuiltinReactor {
  const world = createWorld();
  // Node's own functions are left with the questions of Go's start: all output goes to ours.
  const reactor = startReactor(module, new WASI({ version: 'preview1', env: {} }), world.outside);
  let dead = false;
  return {
    call(name, now, operands) {
      if (dead) throw new EvaluationError('internal', 'the builtins of OPA ended in an earlier call');
      world.setNow(now);
      try {
        reactor.put(encodeCall(name, now, operands));
        const outcome = reactor.call();
        if (outcome === undefinedOutcome) return undefined;
        const response = reactor.readResponse();
        if (outcome === definedOutcome) return response;
        throw new EvaluationError('internal', `builtin ${name} failed: ${Buffer.from(response).toString('utf8')}`);
      } catch (cause) {
        if (cause instanceof EvaluationError) throw cause;
        dead = true;
        throw describeDeath(name, world.lastWords(), cause);
      }
    },
    get spent() {
      return dead || reactor.memory().buffer.byteLength > keptMemoryBytes;
    },
  };
}

// See callBuiltin in compiler/call.go.
function encodeCall(name: string, now: bigint | null, operands: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(`[${JSON.stringify(name)},${now},[`)];
  for (const [index, operand] of operands.entries()) parts.push(...(index > 0 ? [comma, operand] : [operand]));
  return Buffer.concat([...parts, end]);
}

const comma = Buffer.from(',');
const end = Buffer.from(']]');

function describeDeath(name: string, lastWords: string, cause: unknown): EvaluationError {
  if (/out of memory|cannot allocate/.test(lastWords)) {
    const message = `builtin ${name} needs more memory than the ${builtinMemoryBytes / 1024 / 1024} MiB that it may take`;
    return new EvaluationError('memory', message, { cause });
  }
  if (/stack/.test(lastWords) || cause instanceof RangeError)
    return new EvaluationError('policy', `an operand of ${name} is nested too deeply`, { cause });
  const reason = lastWords.trim().split('\n')[0] || (cause instanceof Error ? cause.message : String(cause));
  return new EvaluationError('internal', `builtin ${name} failed: ${reason}`, { cause });
}

interface World {
  outside: Outside;
  setNow(now: bigint | null): void;
  /** What Go printed when it died. */
  lastWords(): string;
}

const realtimeClock = 0;
const standardError = 2;
const keptWords = 4096;
const success = 0;

/**
 * All that Go learns from outside is the decision's now, how much time passes, and chance, which no builtin that a
 * policy may call makes use of. https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
function createWorld(): World {
  let present = 0n;
  let words = '';
  return {
    outside: (memory) => ({
      clock_time_get(clock: number, _precision: bigint, time: number) {
        const nanoseconds = clock === realtimeClock ? present : process.hrtime.bigint();
        new DataView(memory().buffer).setBigUint64(time >>> 0, nanoseconds, true);
        return success;
      },
      fd_write(file: number, vectors: number, count: number, written: number) {
        const view = new DataView(memory().buffer);
        let length = 0;
        for (let vector = vectors >>> 0, index = 0; index < count; index++, vector += 8) {
          const size = view.getUint32(vector + 4, true);
          if (file === standardError && words.length < keptWords)
            words += Buffer.from(view.buffer, view.getUint32(vector, true), size).toString('utf8');
          length += size;
        }
        view.setUint32(written >>> 0, length, true);
        return success;
      },
      proc_exit(code: number) {
        throw new Error(`exit code ${code}`);
      },
    }),
    setNow(now) {
      present = now ?? 0n;
    },
    lastWords: () => words,
  };
}
