import type { Builtin } from './builtins/builtin.ts';
import { encodeRegoValue } from './rego-value.ts';

/** The builtin by which an instrumented policy tells where its evaluation passes. No other policy can call it. */
export const traceBuiltin = 'assent.trace';

/** A place in an instrumented policy that an evaluation passed. */
export interface TracePoint {
  /** An index into the sites of the instrumented policy. */
  readonly site: number;
  /** How often it passed. */
  readonly count: number;
  /** Of each term of the site its value at the last time, as Rego writes it; null where it had none. */
  readonly values: readonly (string | null)[];
}

/** Takes down what one evaluation passes. */
export interface TraceRecorder {
  readonly builtin: Builtin;
  /** @returns what was passed since the last call, or undefined where nothing was. */
  take(): readonly TracePoint[] | undefined;
}

/** Longer values are cut: they are for people. */
const longestValue = 300;

export function createTraceRecorder(): TraceRecorder {
  let points = new Map<number, TracePoint>();
  return {
    builtin(at, reported) {
      const site = Number(at);
      const values = (Array.isArray(reported) ? reported : []).map((value) => {
        const [only] = Array.isArray(value) ? value : [];
        return only === undefined ? null : cut(encodeRegoValue(only));
      });
      points.set(site, { site, count: (points.get(site)?.count ?? 0) + 1, values });
      return true;
    },
    take() {
      if (points.size === 0) return undefined;
      const taken = [...points.values()];
      points = new Map();
      return taken;
    },
  };
}

function cut(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}
