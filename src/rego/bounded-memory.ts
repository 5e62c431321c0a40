import { readSections, readUnsigned } from './module-sections.ts';

const memorySection = 5;
const pageBytes = 65_536;

/**
 * Gives the memory that a WebAssembly module defines a maximum. Go's linker sets none, and none can be set when a
 * module is instantiated; with it a compilation that needs too much ends as an out-of-memory error of its own
 * instead of taking the process with it.
 */
export function boundMemory(wasm: Uint8Array, maximumBytes: number): Uint8Array<ArrayBuffer> {
  for (const { id, start, body, end } of readSections(wasm)) {
    if (id !== memorySection) continue;
    const memory = encodeMemory(wasm, body, maximumBytes);
    return concatenate([wasm.subarray(0, start), memory, wasm.subarray(end)]);
  }
  throw new Error('the module defines no memory: it is not a compiler that compiler/ builds');
}

// Forty megabytes, in the operator's own thread: copied once.
function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// A section of one memory: count 1, flags, minimum, maximum (both in pages).
function encodeMemory(wasm: Uint8Array, at: number, maximumBytes: number): Uint8Array {
  const minimum = readUnsigned(wasm, at + 2).value;
  const maximum = Math.max(minimum, Math.floor(maximumBytes / pageBytes));
  const body = [1, 1, ...encodeUnsigned(minimum), ...encodeUnsigned(maximum)];
  return Uint8Array.from([memorySection, ...encodeUnsigned(body.length), ...body]);
}

// LEB128.
function encodeUnsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeUnsigned(Math.floor(value / 128))];
}
