// The part of the WebAssembly JavaScript interface that this room uses. TypeScript declares it only together with
// a browser's whole DOM. https://webassembly.github.io/spec/js-api/
declare namespace WebAssembly {
  class Module {
    // Only what was compiled is a module.
    private readonly compiled: true;
    constructor(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer);
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }
  interface Exports {
    [name: string]: unknown;
  }
  class Instance {
    constructor(module: Module, imports?: object);
    readonly exports: Exports;
  }
  interface WebAssemblyInstantiatedSource {
    instance: Instance;
    module: Module;
  }
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
  }
  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer;
    /** Throws a RangeError beyond the maximum. */
    grow(pages: number): number;
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
