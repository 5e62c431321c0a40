/** One error at one place of a policy's sources, as OPA's compiler, or a limit of ours, reports it. */
export interface CompileError {
  /** The name under which the module was given. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /**
   * OPA's code (`rego_parse_error`, `rego_type_error`, `rego_unsafe_var_error` …) or ours: `package_error`,
   * `builtin_refused`, `source_too_large`, `module_refused`, `compile_timeout`, `compiler_crashed`, `internal_error`.
   */
  code: string;
  message: string;
}

/** Whether the same sources may compile another time: the machine was busy, or the compiler ended, of no module's doing. */
export function mayPass({ code }: Pick<CompileError, 'code'>): boolean {
  return code === 'compile_timeout' || code === 'compiler_crashed' || code === 'internal_error';
}

/** A policy that can be evaluated. */
export interface CompiledPolicy {
  /** `sha256:…` of sources, entrypoints, OPA's version and the builtins at hand: equal digests decide equally. */
  digest: string;
  wasm: Uint8Array;
  /** The builtins that the module leaves to its host. */
  builtins: readonly string[];
  /** The paths of `input` and `data` that the policy reads, cut where they become dynamic. */
  reads: readonly string[];
  /** What came along with the policy for the document `data`; part of the digest. */
  data?: PolicyData;
}

/** The top of the document `data`. */
export type PolicyData = Readonly<Record<string, unknown>>;

/** What compiling a policy gives: the policy, or every error that the compiler found. */
export type CompileResult =
  | { kind: 'compiled'; policy: CompiledPolicy }
  | { kind: 'failed'; errors: readonly CompileError[] };

/** One rule that is a test, as its name begins with `test_`. */
export interface TestRule {
  /** Where its value stands below `data`: the names of its package, then its own. */
  path: readonly string[];
  /** The name under which its module was given. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}

/** What looking for tests gives: every one, in the order of the sources, or what does not parse. */
export type TestList =
  | { kind: 'listed'; tests: readonly TestRule[] }
  | { kind: 'failed'; errors: readonly CompileError[] };

/** What formatting a module gives: the source as `opa fmt` writes it, or what does not parse. */
export type FormatResult = { kind: 'formatted'; source: string } | { kind: 'failed'; errors: readonly CompileError[] };

/** One expression of a rule's body. Lines and columns count from 1. */
export interface TracedExpression {
  line: number;
  column: number;
  endLine: number;
  text: string;
  negated: boolean;
  /** Of a comparison, as OPA names it (`gt`, `equal` …); else empty. */
  operator: string;
  /** What is reported: of a comparison its two operands first, then what the expression reads. */
  terms: readonly string[];
}

/** A place that an evaluation passes: before an expression, or behind a rule's last. */
export interface TraceSite {
  /** An index into the rules. */
  rule: number;
  /** What comes next; null behind the last. */
  expression: TracedExpression | null;
}

export interface TracedRule {
  /** Where its value stands below `data`. */
  path: readonly string[];
  file: string;
  line: number;
  column: number;
  text: string;
}

/** A policy that decides as its sources say, and tells where its evaluation passes. */
export interface InstrumentedPolicy {
  policy: CompiledPolicy;
  rules: readonly TracedRule[];
  sites: readonly TraceSite[];
}

/** What instrumenting a policy gives: the policy, or every error that the compiler found. */
export type InstrumentResult =
  | ({ kind: 'instrumented' } & InstrumentedPolicy)
  | { kind: 'failed'; errors: readonly CompileError[] };

/** What is wrong in a policy, or cannot be meant, at one place of its sources. */
export interface Finding extends CompileError {
  severity: 'error' | 'warning';
  /** The name that is not there, where a name is what is wrong; else empty. */
  have: string;
  /** The names that are there in its place. */
  oneOf: readonly string[];
}

/** What a check of a policy that parses gives: what was found, or what does not parse. */
export type LintResult =
  | { kind: 'checked'; findings: readonly Finding[] }
  | { kind: 'failed'; errors: readonly CompileError[] };
