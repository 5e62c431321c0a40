/** What the reactor of `compiler/` is asked: one JSON request. */
export type ReactorRequest =
  | {
      operation: 'compile';
      modules: Readonly<Record<string, string>>;
      entrypoints: readonly string[];
      packages: readonly string[];
      hostBuiltins: readonly string[];
    }
  | {
      operation: 'tests';
      modules: Readonly<Record<string, string>>;
      entrypoints: readonly string[];
      hostBuiltins: readonly string[];
    }
  | {
      operation: 'lint';
      modules: Readonly<Record<string, string>>;
      entrypoints: readonly string[];
      hostBuiltins: readonly string[];
      testModules: readonly string[];
      inputSchema: unknown;
      parameters: readonly string[] | null;
    }
  | {
      operation: 'instrument';
      modules: Readonly<Record<string, string>>;
      entrypoints: readonly string[];
      hostBuiltins: readonly string[];
      untraced: readonly string[];
    }
  | { operation: 'format'; file: string; source: string }
  | { operation: 'version' };

/** What it answers: one JSON response, and a compiled module's bytes beside it. */
export interface ReactorResponse {
  response: string;
  wasm: Uint8Array | null;
}

/** What a compile worker is started with. */
export interface CompilerWorkerData {
  reactor: string;
  memoryBytes: number;
}

/** What a compile worker posts: that it can be asked, with OPA's version, or the answer to the last request. */
export type CompilerWorkerMessage = { kind: 'ready'; response: string } | ({ kind: 'answer' } & ReactorResponse);
