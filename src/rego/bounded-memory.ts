const memorySection = 5;
const headerBytes = 8;
const pageBytes = 65_536;

/**
 * Gives the memory that a WebAssembly module defines a maximum. Go's linker sets none, and none can be set when a
 * module is instantiated; with it a compilation that needs too much ends as an out-of-memory error of its own
 * instead of taking the process with it.
 */
export function boundMemory(wasm: Uint8Array, maximumBytes: number): Uint8Array<ArrayBuffer> {
  for (let at = headerBytes; at < wasm.length; ) {
    const id = wasm[at];
    const size = readUnsigned(wasm, at + 1);
    const end = size.end + size.value;
    if (id === memorySection) {
      const memory = encodeMemory(wasm, size.end, maximumBytes);
      return Uint8Array.from(Buffer.concat([wasm.subarray(0, at), memory, wasm.subarray(end)]));
    }
    at = end;
  }
  throw new Error('the module defines no memory: it is not a compiler that compiler/ builds');
}

// A section of one memory: count 1, flags, minimum, maximum (both in pages).
function encodeMemory(wasm: Uint8Array, at: number, maximumBytes: number): Uint8Array {
  const minimum = readUnsigned(wasm, at + 2).value;
  const maximum = Math.max(minimum, Math.floor(maximumBytes / pageBytes));
  const body = [1, 1, ...encodeUnsigned(minimum), ...encodeUnsigned(maximum)];
  return Uint8Array.from([memorySection, ...encodeUnsigned(body.length), ...body]);
}

// LEB128, the integers of the WebAssembly binary format.
function readUnsigned(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}

function encodeUnsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeUnsigned(Math.floor(value / 128))];
}
