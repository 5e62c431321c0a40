import { createHash } from 'node:crypto';
import { z } from 'zod';
import { hostBuiltins, presentBuiltins } from './builtins/index.ts';
import type {
  CompiledPolicy,
  CompileError,
  CompileResult,
  FormatResult,
  InstrumentResult,
  LintResult,
  PolicyData,
  TestList,
} from './compile-result.ts';
import type { ReactorRequest } from './compiler-protocol.ts';
import { CompilerFailure, createCompilerThread } from './compiler-thread.ts';
import { inspectModule } from './inspect-module.ts';
import { createPolicyCache } from './policy-cache.ts';

/** The version of OPA in `compiler/go.mod`. It is part of every policy's digest, known without starting the compiler. */
export const opaVersion = '1.22.2';
/** Counts changes of `compiler/` that give another module for the same sources, OPA version and builtins. */
const compilerRevision = 3;
const policyEntrypoint = 'approval';
const policyEntrypoints: readonly string[] = [policyEntrypoint];
/** The file that a compiled policy is in a bundle, and in errors. */
const moduleFile = 'policy.wasm';
/** Where tests stand: the document that holds every test's value, once it is evaluated. */
export const testPackage = 'approval_test';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** File name → source. */
type Modules = Readonly<Record<string, string>>;

/** Compiles Rego with OPA's own compiler, in a worker thread that lives only while it is needed. */
export interface Compiler extends AsyncDisposable {
  /** Compiles the modules of one policy, or takes it from the cache. Never rejects. */
  compile(modules: Modules, options?: CompileOptions): Promise<CompileResult>;
  /** Takes a module that somebody else compiled, after a look at what it is. Never rejects. */
  adopt(wasm: Uint8Array, options?: Pick<CompileOptions, 'data'>): Promise<CompileResult>;
  /** Finds the tests in the modules of one policy. Never rejects. */
  listTests(modules: Modules): Promise<TestList>;
  /**
   * Compiles a policy so that its evaluation tells where it passes, for `explain` and coverage. Never rejects.
   */
  instrument(modules: Modules, options?: InstrumentOptions): Promise<InstrumentResult>;
  /** Looks for what compiles and yet cannot be meant. Never rejects. */
  lint(modules: Modules, options: LintOptions): Promise<LintResult>;
  /** A policy compiled earlier, from the disk cache only; null where the cache does not have it. */
  load(digest: string): Promise<CompiledPolicy | null>;
  /** Formats one module as `opa fmt` does. Never rejects. */
  format(file: string, source: string): Promise<FormatResult>;
  /** Whether a compile thread is there at this moment; it is started by need and ends when idle. */
  readonly running: boolean;
}

export interface CompileOptions {
  /** The packages whose documents can be asked for; `approval` alone unless given. The evaluator gives the first. */
  entrypoints?: readonly string[];
  /** Packages that the modules may have besides: what the entrypoints read. */
  packages?: readonly string[];
  /** What comes along with the policy for the document `data`. */
  data?: PolicyData;
  /** Whose policy it is: of several that wait, that of whom the compiler has taken the least time comes first. */
  owner?: string;
}

type Failed = ReturnType<typeof failed>;

/** What of a compilation makes another module. */
type Compiled = Required<Pick<CompileOptions, 'entrypoints' | 'packages'>>;

export interface InstrumentOptions extends CompileOptions {
  /** The modules that are left as they are: tests. */
  untraced?: readonly string[];
}

export interface LintOptions {
  /** Which of the modules are tests: those are compiled with the others, and nothing else is said of them. */
  testModules: readonly string[];
  /** The JSON schema of `input`. An object without properties is one with any. */
  inputSchema: unknown;
  /** The names below `data.parameters`; null where nobody says which there are. */
  parameters: readonly string[] | null;
}

export interface CompilerOptions {
  /** Path of the reactor that `compiler/` builds. */
  reactor: string;
  /** Folder of compiled policies; made when missing, done without when it cannot be written. */
  cacheFolder: string;
  /** How long the compile thread outlives its last request; 30 s unless given. */
  idleMs?: number;
  /** How long compiling one policy may take; 10 s unless given. */
  deadlineMs?: number;
  /** How much memory the compiler may take; 512 MiB unless given. */
  memoryBytes?: number;
  /** How large the sources of one policy may be together, in UTF-8; 1 MiB unless given. */
  sourceBytes?: number;
}

export function createCompiler(options: CompilerOptions): Compiler {
  const { reactor, cacheFolder, idleMs = 30_000, deadlineMs = 10_000 } = options;
  const { memoryBytes = 512 * mebibyte, sourceBytes = mebibyte } = options;
  const cache = createPolicyCache(cacheFolder);
  const thread = createCompilerThread({ reactor, memoryBytes, idleMs, deadlineMs, startMs: 60_000, checkReactor });
  const underway = new Map<string, Promise<CompileResult>>();

  // Once in some ten thousand compilations the compiler ends, on a busy machine, of no module's doing. What ends it
  // twice is the module.
  const ask = (request: ReactorRequest, owner = '') =>
    thread.ask(request, owner).catch((error: unknown) => {
      if (error instanceof CompilerFailure && error.code === 'compiler_crashed') return thread.ask(request, owner);
      throw error;
    });

  const compileAnew = async (
    digest: string,
    modules: Modules,
    options: Compiled,
    owner: string | undefined,
  ): Promise<CompileResult> => {
    const cached = await cache.load(digest);
    if (cached) return { kind: 'compiled', policy: cached };
    const request: ReactorRequest = { operation: 'compile', modules, ...options, hostBuiltins };
    try {
      const { response, wasm } = await ask(request, owner);
      const answer = compileResponse.parse(JSON.parse(response));
      if ('errors' in answer) return failed(answer.errors, modules);
      if (!wasm) throw new Error('the compiler gave neither a module nor an error');
      const policy = { digest, wasm, builtins: answer.builtins, reads: readsOf(answer) };
      await cache.store(policy);
      return { kind: 'compiled', policy };
    } catch (error) {
      return failed([describeFailure(error)], modules);
    }
  };

  /** Asks about modules that are not kept compiled; whatever goes wrong is an error of theirs. */
  const askAbout = async <Result>(
    modules: Modules,
    request: ReactorRequest,
    read: (response: unknown, wasm: Uint8Array | null) => Result,
  ): Promise<Result | Failed> => {
    const tooLarge = checkSize(modules, sourceBytes);
    if (tooLarge) return failed([tooLarge], modules);
    try {
      const { response, wasm } = await ask(request);
      return read(JSON.parse(response), wasm);
    } catch (error) {
      return failed([describeFailure(error)], modules);
    }
  };

  const withData = (compiling: Promise<CompileResult>, data: PolicyData = {}): Promise<CompileResult> => {
    if (Object.keys(data).length === 0) return compiling;
    return compiling.then(async (result) => {
      if (result.kind === 'failed') return result;
      const named = JSON.stringify([result.policy.digest, data]);
      const digest = `sha256:${createHash('sha256').update(named).digest('hex')}`;
      const policy = { ...result.policy, digest, data };
      await cache.store(policy);
      return { kind: 'compiled', policy };
    });
  };

  return {
    compile(modules, { entrypoints = policyEntrypoints, packages = [], data, owner } = {}) {
      const tooLarge = checkSize(modules, sourceBytes);
      if (tooLarge) return Promise.resolve(failed([tooLarge], modules));
      const digest = digestOf(modules, { entrypoints, packages });
      const compiling = underway.get(digest);
      if (compiling) return withData(compiling, data);
      const started = compileAnew(digest, modules, { entrypoints, packages }, owner).finally(() =>
        underway.delete(digest),
      );
      underway.set(digest, started);
      return withData(started, data);
    },
    async adopt(wasm, { data } = {}) {
      const inspected = await inspectModule(wasm, policyEntrypoint).catch((error: unknown) => ({
        kind: 'refused' as const,
        why: describeFailure(error).message,
      }));
      if (inspected.kind === 'refused') {
        const message = `the module cannot be used: ${inspected.why}`;
        return failed([{ file: moduleFile, line: 1, column: 1, code: 'module_refused', message }], {});
      }
      const digest = `sha256:${createHash('sha256').update(wasm).digest('hex')}`;
      // Nobody can tell what it reads: so it reads everything.
      const policy = { digest, wasm, builtins: inspected.builtins, reads: ['data', 'input'] };
      await cache.store(policy);
      return withData(Promise.resolve({ kind: 'compiled', policy }), data);
    },
    listTests: (modules) =>
      askAbout(modules, { operation: 'tests', modules, entrypoints: [testPackage], hostBuiltins }, (response) => {
        const answer = testsResponse.parse(response);
        return 'errors' in answer ? failed(answer.errors, modules) : { kind: 'listed', tests: answer.tests };
      }),
    instrument(modules, { entrypoints = policyEntrypoints, untraced = [] } = {}) {
      const request: ReactorRequest = { operation: 'instrument', modules, entrypoints, hostBuiltins, untraced };
      return askAbout(modules, request, (response, wasm) => {
        const answer = instrumentResponse.parse(response);
        if ('errors' in answer) return failed(answer.errors, modules);
        if (!wasm) throw new Error('the compiler gave neither a module nor an error');
        const { builtins: called, reads, rules, sites } = answer;
        const digest = `instrumented ${digestOf(modules, { entrypoints, packages: [] })} ${JSON.stringify(untraced)}`;
        return { kind: 'instrumented', policy: { digest, wasm, builtins: called, reads }, rules, sites };
      });
    },
    lint(modules, lintOptions) {
      const asked = { operation: 'lint', modules, entrypoints: policyEntrypoints, hostBuiltins } as const;
      return askAbout(modules, { ...asked, ...lintOptions }, (response) => {
        const answer = lintResponse.parse(response);
        return 'errors' in answer ? failed(answer.errors, modules) : { kind: 'checked', findings: answer.findings };
      });
    },
    load: (digest) => cache.load(digest),
    format(file, source) {
      const modules = { [file]: source };
      return askAbout(modules, { operation: 'format', file, source }, (response) => {
        const answer = formatResponse.parse(response);
        return 'errors' in answer ? failed(answer.errors, modules) : { kind: 'formatted', source: answer.source };
      });
    },
    get running() {
      return thread.running;
    },
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

const sourceError = z.object({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  code: z.string(),
  message: z.string(),
});
const errorsResponse = z.object({ errors: z.array(sourceError) });
const finding = sourceError.extend({
  severity: z.enum(['error', 'warning']),
  have: z.string(),
  oneOf: z.array(z.string()),
});
const lintResponse = z.union([errorsResponse, z.object({ findings: z.array(finding) })]);
const compileResponse = z.union([
  errorsResponse,
  z.object({ builtins: z.array(z.string()), reads: z.array(z.string()), opaVersion: z.literal(opaVersion) }),
]);
const tracedExpression = z.object({
  line: z.number(),
  column: z.number(),
  endLine: z.number(),
  text: z.string(),
  negated: z.boolean(),
  operator: z.string(),
  terms: z.array(z.string()),
});
const tracedRule = z.object({
  path: z.array(z.string()),
  file: z.string(),
  line: z.number(),
  column: z.number(),
  text: z.string(),
});
const instrumentResponse = z.union([
  errorsResponse,
  z.object({
    builtins: z.array(z.string()),
    reads: z.array(z.string()),
    rules: z.array(tracedRule),
    sites: z.array(z.object({ rule: z.number(), expression: tracedExpression.nullable() })),
  }),
]);
const testRule = z.object({ path: z.array(z.string()), file: z.string(), line: z.number(), column: z.number() });
const testsResponse = z.union([errorsResponse, z.object({ tests: z.array(testRule) })]);
const formatResponse = z.union([errorsResponse, z.object({ source: z.string() })]);
const versionResponse = z.object({ opaVersion: z.string() });

/** What a builtin reads of the present it reads as `input.now`. */
function readsOf({ builtins, reads }: { builtins: readonly string[]; reads: readonly string[] }): readonly string[] {
  const readsPresent = builtins.some((name) => presentBuiltins.has(name));
  return readsPresent ? [...new Set([...reads, 'input.now'])].sort() : reads;
}

function checkReactor(response: string): void {
  const { opaVersion: found } = versionResponse.parse(JSON.parse(response));
  if (found !== opaVersion)
    throw new CompilerFailure(
      'compiler_crashed',
      `the reactor holds OPA ${found}, this version of Assent needs OPA ${opaVersion}: build compiler/ again`,
    );
}

function digestOf(modules: Modules, options: Compiled): string {
  const sources = Object.entries(modules).sort(([one], [other]) => (one < other ? -1 : 1));
  const compiled = JSON.stringify({ sources, ...options, opaVersion, compilerRevision, hostBuiltins });
  return `sha256:${createHash('sha256').update(compiled).digest('hex')}`;
}

function checkSize(modules: Modules, sourceBytes: number): CompileError | null {
  let total = 0;
  for (const [file, source] of Object.entries(modules)) {
    total += Buffer.byteLength(source);
    if (total > sourceBytes) {
      const message = `the policy's sources are larger than ${sourceBytes / kibibyte} KiB together: split the policy or move its tables to data`;
      return { file, line: 1, column: 1, code: 'source_too_large', message };
    }
  }
  return null;
}

function describeFailure(error: unknown): CompileError {
  const code = error instanceof CompilerFailure ? error.code : 'internal_error';
  const message = error instanceof Error ? error.message : String(error);
  return { file: '', line: 0, column: 0, code, message };
}

// Every error has a place, so that it can be printed as file:line:column: what OPA ties to none gets the beginning.
function failed(errors: readonly CompileError[], modules: Modules) {
  const [firstFile = 'policy.rego'] = Object.keys(modules);
  const placed = errors.map((error) => ({
    ...error,
    file: error.file || firstFile,
    line: Math.max(1, error.line),
    column: Math.max(1, error.column),
  }));
  return { kind: 'failed', errors: placed } as const;
}
