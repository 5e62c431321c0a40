import { readSections, readUnsigned } from './module-sections.ts';

const SECTIONS: Readonly<Record<number, { readonly name: string; readonly most: number }>> = {
  1: { name: 'types', most: 1_024 },
  2: { name: 'imports', most: 16 },
  3: { name: 'functions', most: 32_768 },
  4: { name: 'tables', most: 1 },
  5: { name: 'memories', most: 0 },
  6: { name: 'globals', most: 1_024 },
  7: { name: 'exports', most: 256 },
  9: { name: 'table initializers', most: 64 },
  11: { name: 'data segments', most: 4_096 },
};
/** Custom sections, the start function, code, and the count of data segments: they allocate nothing of their own. */
const HARMLESS = [0, 8, 10, 12];
const FUNCTION_TYPE = 0x60;
/** i32, i64, f32, f64. */
const NUMERIC_TYPES = [0x7f, 0x7e, 0x7d, 0x7c];
const FUNCTION_REFERENCE = 0x70;
const WITH_MAXIMUM = 1;
const TABLE_ENTRIES = 16_384;
const MAGIC = Buffer.from('\0asm\x01\0\0\0', 'latin1');

/**
 * Finds what OPA's modules never have, and a hostile one could have to take more memory than anything bounds: a memory
 * of its own, large tables, types of the garbage collector. An allocation of these that fails does not end the thread,
 * it ends the process.
 *
 * @returns what it is, for people; null where there is nothing of it
 */
export function findForbidden(wasm: Uint8Array): string | null {
  if (!MAGIC.equals(wasm.subarray(0, MAGIC.length))) return 'it is no WebAssembly module';
  for (const { id, body, end } of readSections(wasm)) {
    if (end > wasm.length) return 'it is cut off';
    if (HARMLESS.includes(id)) continue;
    const section = SECTIONS[id];
    if (!section) return `it has a section ${id}, which no module of OPA has`;
    const { value: count, end: first } = readUnsigned(wasm, body);
    if (id === 5 && count > 0) return 'it defines a memory of its own: build it with opa build -t wasm';
    if (count > section.most) return `it has ${count} ${section.name}, and a policy has ${section.most} at most`;
    if (id === 1 && !areNumericFunctions(wasm, first, count)) return 'it has types that no module of OPA has';
    if (id === 4 && count > 0 && !isSmallTable(wasm, first))
      return `its table may have more than ${TABLE_ENTRIES} entries`;
  }
  return null;
}

function areNumericFunctions(wasm: Uint8Array, first: number, count: number): boolean {
  let at = first;
  for (let index = 0; index < count; index++) {
    if (wasm[at] !== FUNCTION_TYPE) return false;
    at++;
    // Parameters, then results.
    for (let list = 0; list < 2; list++) {
      const { value: length, end } = readUnsigned(wasm, at);
      const types = wasm.subarray(end, end + length);
      if (types.length !== length || !types.every((type) => NUMERIC_TYPES.includes(type))) return false;
      at = end + length;
    }
  }
  return true;
}

function isSmallTable(wasm: Uint8Array, at: number): boolean {
  if (wasm[at] !== FUNCTION_REFERENCE || wasm[at + 1] !== WITH_MAXIMUM) return false;
  const minimum = readUnsigned(wasm, at + 2);
  return readUnsigned(wasm, minimum.end).value <= TABLE_ENTRIES;
}
