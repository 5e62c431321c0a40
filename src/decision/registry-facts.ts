import type { ModelVersion, RegistryReport } from '../api/index.ts';
import { digestOf } from './canonical.ts';
import type { Snapshot } from './snapshot.ts';

/** What a model registry holds of one version, as far as it is known. */
export type RegistryContent =
  /** The version names no registry. */
  | { readonly kind: 'none' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'unavailable'; readonly registry: string; readonly problem: string }
  | { readonly kind: 'found'; readonly registry: string; readonly facts: RegistryFacts };

/** What the registry's own run says. */
export interface RegistryFacts {
  readonly url: string;
  readonly runId: string;
  readonly metrics: Readonly<Record<string, number>>;
  /** RFC 3339. */
  readonly readAt: string;
}

type GatheredFacts = Pick<Snapshot, 'registry'> & {
  readonly verified: Pick<Snapshot['verified'], 'metrics' | 'registry'>;
};

const MOST_DIFFERENCES = 256;

/** @returns what a snapshot holds of it: without an answer of the registry there are no facts, and policies that rely on them wait. */
export function buildRegistryFacts(
  { spec, status }: Pick<ModelVersion, 'spec' | 'status'>,
  content: Exclude<RegistryContent, { kind: 'pending' }>,
): GatheredFacts {
  if (content.kind === 'none') return { verified: {} };
  const { registry } = content;
  if (content.kind === 'unavailable')
    return { verified: {}, registry: { registry, outcome: 'Unavailable', message: content.problem.slice(0, 1024) } };
  const { url, runId, metrics, readAt } = content.facts;
  const digest = digestOf(metrics);
  const before = status?.verified;
  const differences = findDifferences(spec, content.facts);
  const report: RegistryReport = {
    registry,
    outcome: 'Read',
    url,
    runId,
    // The same facts read again, by this operator or the one before it, are no news.
    readAt: before?.digest === digest && before.runId === runId && before.readAt ? before.readAt : readAt,
    digest,
    metrics: { ...metrics },
    ...(differences.length > 0 ? { differences: [...differences] } : {}),
  };
  return { verified: { metrics, registry: { name: registry, url, runId } }, registry: report };
}

function findDifferences({ metrics = {}, source }: ModelVersion['spec'], facts: RegistryFacts): readonly string[] {
  const claims = Object.entries(metrics).flatMap(([name, claimed]) => {
    const found = facts.metrics[name];
    if (found === claimed) return [];
    return [
      `metrics.${name} is ${claimed}, and the run ${found === undefined ? 'has no such metric' : `says ${found}`}`,
    ];
  });
  const run = source?.runId;
  return [
    ...(run !== undefined && run !== facts.runId
      ? [`source.runId is ${run}, and the registered version is of run ${facts.runId}`]
      : []),
    ...claims,
  ].slice(0, MOST_DIFFERENCES);
}
