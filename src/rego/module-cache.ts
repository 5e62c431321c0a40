import type { CompiledPolicy } from './compile-result.ts';

/** Modules compiled to machine code once for all workers, by the policy's digest. */
export interface ModuleCache {
  get(digest: string): WebAssembly.Module | undefined;
  /** Rejects where the bytes are no WebAssembly module. */
  compile(policy: CompiledPolicy): Promise<WebAssembly.Module>;
}

const keptModules = 512;

export function createModuleCache(): ModuleCache {
  // The least recently used first.
  const modules = new Map<string, WebAssembly.Module>();
  const underway = new Map<string, Promise<WebAssembly.Module>>();
  const keep = (digest: string, module: WebAssembly.Module) => {
    modules.delete(digest);
    modules.set(digest, module);
    const [oldest] = modules.keys();
    if (oldest !== undefined && modules.size > keptModules) modules.delete(oldest);
  };
  return {
    get(digest) {
      const module = modules.get(digest);
      if (module) keep(digest, module);
      return module;
    },
    compile({ digest, wasm }) {
      const compiling = underway.get(digest);
      if (compiling) return compiling;
      const started = WebAssembly.compile(Uint8Array.from(wasm))
        .then((module) => {
          keep(digest, module);
          return module;
        })
        .finally(() => underway.delete(digest));
      underway.set(digest, started);
      return started;
    },
  };
}
