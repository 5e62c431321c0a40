const HEADER_BYTES = 8;

/** A section of a WebAssembly module: what it is, and where its body lies. */
interface Section {
  readonly id: number;
  /** Where it begins, its id and length included. */
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/** Walks the sections in their order; of bytes that are no module it gives whatever they spell. */
export function* readSections(wasm: Uint8Array): Generator<Section> {
  for (let start = HEADER_BYTES; start < wasm.length; ) {
    const size = readUnsigned(wasm, start + 1);
    const end = size.end + size.value;
    yield { id: wasm[start] ?? 0, start, body: size.end, end };
    start = end;
  }
}

/** LEB128, the integers of the WebAssembly binary format. */
export function readUnsigned(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}
