import { readFile } from 'node:fs/promises';
import type { WASI } from 'node:wasi';
import { boundMemory } from './bounded-memory.ts';

/** The functions that the reactor exports (`compiler/main.go`). Its pointers are unsigned 32-bit integers. */
interface ReactorExports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  allocate(length: number): number;
  run(): void;
  call(): number;
  response_pointer(): number;
  response_length(): number;
  module_pointer(): number;
  module_length(): number;
}

/** The most that an instance for builtins may take, the operands and results of a call included. */
export const builtinMemoryBytes = 256 * 1024 * 1024;

/** Functions of WASI that take the place of those of Node, made with the way to the instance's memory. */
export type Outside = (memory: () => WebAssembly.Memory) => Readonly<Record<string, unknown>>;

/** A running instance of the reactor that `compiler/` builds: OPA's compiler, and the builtins of its interpreter. */
export interface Reactor {
  memory(): WebAssembly.Memory;
  /** Hands over what the next function reads. */
  put(request: Uint8Array): void;
  run(): void;
  call(): number;
  readResponse(): Uint8Array;
  readModule(): Uint8Array;
}

/** Reads the reactor and gives its memory a maximum. Threads can share the module. */
export async function compileReactor(path: string, memoryBytes: number): Promise<WebAssembly.Module> {
  return WebAssembly.compile(boundMemory(await readFile(path), memoryBytes));
}

/** Starts an instance, which takes a third of a second. It has no directory, no environment and no input. */
export function startReactor(module: WebAssembly.Module, wasi: WASI, outside: Outside = () => ({})): Reactor {
  let started: ReactorExports | undefined;
  const memory = () => {
    if (!started) throw new Error('the reactor asks for something before it is there');
    return started.memory;
  };
  const imports = { ...wasi.wasiImport, ...outside(memory) };
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports });
  // The cast states the contract with compiler/main.go; a reactor that lacks a function fails at its first call.
  const reactor = instance.exports as ReactorExports;
  started = reactor;
  wasi.initialize(instance);
  const copyOf = (pointer: number, length: number) =>
    new Uint8Array(reactor.memory.buffer, pointer >>> 0, length >>> 0).slice();
  return {
    memory,
    put(request) {
      const at = reactor.allocate(request.length) >>> 0;
      new Uint8Array(reactor.memory.buffer, at, request.length).set(request);
    },
    run: () => reactor.run(),
    call: () => reactor.call(),
    readResponse: () => copyOf(reactor.response_pointer(), reactor.response_length()),
    readModule: () => copyOf(reactor.module_pointer(), reactor.module_length()),
  };
}
