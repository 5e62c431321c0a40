import type { ModelVersionSummary } from './model-version-summary.ts';

/**
 * Which stamps may have been written while nobody checked, until it is recorded of each that it does not count: what is
 * recorded before stands, whatever somebody writes later.
 */
export interface StampDoubts {
  /** Doubts all that is not recorded now. */
  mark(): void;
  keys(): Iterable<string>;
  /** Whether the decision in the version's annotations is in doubt. */
  doubtsDecision(key: string): boolean;
  /** Whether it is in doubt who submitted this generation. */
  doubtsSubmission(key: string, generation: number): boolean;
  /** What was in doubt of this version is recorded, and later stamps are not it. */
  resolve(key: string): void;
  /** Whether all of it is recorded, or gone. */
  isResolved(): boolean;
}

interface Summaries {
  summary(key: string): ModelVersionSummary | undefined;
  summaries(): Iterable<readonly [string, ModelVersionSummary]>;
}

export function createStampDoubts(versions: Summaries): StampDoubts {
  const decisions = new Set<string>();
  /** The generation in doubt by key: a later one is stamped anew. */
  const submissions = new Map<string, number>();
  return {
    mark() {
      for (const [key, { unrecordedDecision, submissionUnrecorded, generation }] of versions.summaries()) {
        if (unrecordedDecision) decisions.add(key);
        if (submissionUnrecorded) submissions.set(key, generation);
      }
    },
    keys: () => new Set([...decisions, ...submissions.keys()]),
    doubtsDecision: (key) => decisions.has(key),
    doubtsSubmission: (key, generation) => submissions.get(key) === generation,
    resolve(key) {
      decisions.delete(key);
      submissions.delete(key);
    },
    isResolved() {
      for (const key of decisions) if (!versions.summary(key)?.unrecordedDecision) decisions.delete(key);
      for (const [key, generation] of submissions) {
        const summary = versions.summary(key);
        if (!summary?.submissionUnrecorded || summary.generation !== generation) submissions.delete(key);
      }
      return decisions.size + submissions.size === 0;
    },
  };
}
