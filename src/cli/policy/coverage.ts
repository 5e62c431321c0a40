import type { InstrumentedPolicy, TracePoint } from '../../rego/index.ts';
import type { Place, PolicySource } from './policy-source.ts';
import type { RegoTools } from './rego-tools.ts';

/** A rule or an expression that no test has come to. */
export interface NotCovered extends Place {
  /** Its first line. */
  readonly text: string;
}

/** How much of one module the tests have come to: of its expressions, and of its rules, which have to hold once. */
export interface CoveredFile {
  readonly file: string;
  readonly covered: number;
  readonly total: number;
  readonly notCovered: readonly NotCovered[];
}

/** Tools that take down where evaluations pass. Policies decide the same with them, only slower. */
export interface CoverageTools extends RegoTools {
  readonly report: () => readonly CoveredFile[];
}

/** What an instrumented policy takes more must not end it. */
const LEAST_TIMEOUT_MS = 10_000;
const LEAST_MEMORY_BYTES = 64 * 2 ** 20;

/** @param source whose modules are reported; its tests are not */
export function openCoverage(source: PolicySource, tools: RegoTools): CoverageTools {
  const compiled = new Map<string, InstrumentedPolicy>();
  const items = new Map<string, { readonly place: Place; readonly text: string; covered: boolean }>();

  const note = (place: Place, text: string, covered: boolean) => {
    const key = `${place.file}:${place.line}:${place.column} ${text}`;
    const item = items.get(key) ?? { place, text: text.split('\n')[0] ?? '', covered: false };
    items.set(key, { ...item, covered: item.covered || covered });
  };
  const noteAll = ({ rules, sites }: InstrumentedPolicy, trace: readonly TracePoint[]) => {
    const passed = new Set(trace.map(({ site }) => site));
    for (const [index, { rule, expression }] of sites.entries()) {
      const { file, line, column, text } = rules[rule] ?? { file: '', line: 1, column: 1, text: '' };
      if (expression)
        note({ file, line: expression.line, column: expression.column }, expression.text, passed.has(index));
      else note({ file, line, column }, text, passed.has(index));
    }
  };

  return {
    ...tools,
    compiler: {
      ...tools.compiler,
      get running() {
        return tools.compiler.running;
      },
      async compile(modules, options = {}) {
        const untraced = Object.keys(modules).filter((file) => Object.hasOwn(source.tests, file));
        const result = await tools.compiler.instrument(modules, { ...options, untraced });
        if (result.kind === 'failed') return result;
        compiled.set(result.policy.digest, result);
        noteAll(result, []);
        return { kind: 'compiled', policy: result.policy };
      },
    },
    evaluator: {
      async evaluate(request) {
        const { timeoutMs, memoryBytes, inputBytes } = request.limits;
        const limits = {
          inputBytes,
          timeoutMs: Math.max(timeoutMs, LEAST_TIMEOUT_MS),
          memoryBytes: Math.max(memoryBytes, LEAST_MEMORY_BYTES),
        };
        const result = await tools.evaluator.evaluate({ ...request, limits });
        const instrumented = compiled.get(request.policy.digest);
        if (instrumented && result.kind === 'value') noteAll(instrumented, result.trace ?? []);
        return result;
      },
      [Symbol.asyncDispose]: () => tools.evaluator[Symbol.asyncDispose](),
    },
    report: () =>
      Object.keys(source.modules)
        .toSorted()
        .map((file) => {
          const own = [...items.values()].filter(({ place }) => place.file === file);
          const missed = own.filter(({ covered }) => !covered).toSorted((a, b) => a.place.line - b.place.line);
          return {
            file: source.locate({ file, line: 1, column: 1 }).file,
            covered: own.length - missed.length,
            total: own.length,
            notCovered: missed.map(({ place, text }) => ({ ...source.locate(place), text })),
          };
        }),
  };
}

/** @returns the share that is covered, in percent; 100 where there is nothing to cover. */
export function percentCovered(files: readonly Pick<CoveredFile, 'covered' | 'total'>[]): number {
  const total = files.reduce((sum, file) => sum + file.total, 0);
  const covered = files.reduce((sum, file) => sum + file.covered, 0);
  return total === 0 ? 100 : (covered / total) * 100;
}
