import { type AdmissionOptions, buildAdmissionManifests } from './admission-manifests.ts';
import { explainDifferences, isRecord } from './explain-differences.ts';
import type { Manifest } from './manifest.ts';

/** What stands in the cluster under the names of `ADMISSION_NAMES`, as the API server returns it. */
export type FoundAdmission = readonly unknown[];

export interface AdmissionJudgement {
  /** Whether a stamp on a version is the API server's word, so that a decision may be counted. */
  readonly verified: boolean;
  /** What is missing or weaker than it was built, and where; for people. */
  readonly problems: readonly string[];
}

/**
 * Compares what the cluster has with what this version of ours builds. Every field of a checking policy and its
 * binding must be there and nothing may be added: a match condition, a parameter or `Audit` in place of `Deny` lets
 * requests pass unchecked. The stamping policy is not needed for it: the checking one refuses every wrong stamp, and
 * every decision that has none. Where it stands and is not ours, that is told as a problem.
 *
 * @param found objects with apiVersion, kind, metadata and spec; others are ignored
 * @example
 * const { verified, problems } = judgeAdmission([...policies, ...bindings], { namespace: 'assent-system' });
 */
export function judgeAdmission(found: FoundAdmission, options: AdmissionOptions = {}): AdmissionJudgement {
  const objects = found.filter(isRecord);
  const [stamping, checking] = partition(buildAdmissionManifests(options), ({ kind }) => kind.startsWith('Mutating'));
  const problems = checking.flatMap((built) => explainProblems(built, objects));
  const present = stamping.filter((built) => findSame(built, objects));
  return {
    verified: problems.length === 0,
    problems: [...problems, ...present.flatMap((built) => explainProblems(built, objects))],
  };
}

function explainProblems(built: Manifest, objects: readonly Record<string, unknown>[]): readonly string[] {
  const title = `${built.kind} ${nameOf(built)}`;
  const object = findSame(built, objects);
  if (!object) return [`${title} is missing: install the chart's admission policies`];
  return explainDifferences(built.spec, object.spec, 'spec').map(
    (difference) => `${title}: ${difference}: install the chart's admission policies again`,
  );
}

function findSame(built: Manifest, objects: readonly Record<string, unknown>[]): Record<string, unknown> | undefined {
  return objects.find((object) => object.kind === built.kind && nameOf(object) === nameOf(built));
}

function partition<Value>(values: readonly Value[], test: (value: Value) => boolean): readonly [Value[], Value[]] {
  return [values.filter(test), values.filter((value) => !test(value))];
}

function nameOf({ metadata }: Record<string, unknown>): unknown {
  return isRecord(metadata) ? metadata.name : undefined;
}
