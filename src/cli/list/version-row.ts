import { findCompliance } from '../../decision/index.ts';
import { findApproved, type StoredDecision, type StoredVersion } from '../stored-version.ts';

/** One version in a list, with the fields of `assent evaluate -o json`. */
export interface VersionRow {
  readonly namespace: string;
  readonly name: string;
  readonly model: string;
  readonly version: string;
  /** The stage asked for. */
  readonly requested: string;
  /** The stage in effect. */
  readonly stage: string;
  /** Null before the operator has looked. */
  readonly outcome: StoredDecision['outcome'] | null;
  readonly reason: string;
  readonly message: string;
  readonly warnings: readonly string[];
  readonly policies: StoredDecision['policies'];
  readonly requirements: StoredDecision['requirements'];
  /** False: the decision stands, and the policies of today would not make it. */
  readonly compliant: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
}

export function toRow(version: StoredVersion): VersionRow {
  const { metadata, spec, status } = version;
  const approved = findApproved(version);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    model: spec.model,
    version: spec.version,
    requested: spec.stage,
    stage: status.stage,
    outcome: status.decision?.outcome ?? null,
    reason: approved?.reason ?? '',
    message: approved?.message ?? '',
    warnings: status.decision?.warnings ?? [],
    policies: status.decision?.policies ?? [],
    requirements: status.decision?.requirements ?? [],
    compliant: findCompliance(status)?.status !== 'False',
    createdAt: metadata.creationTimestamp ?? '',
  };
}

/** What a list is narrowed by; what is left out matches everything. */
export interface RowFilter {
  readonly model?: string;
  readonly stage?: string;
  readonly requested?: string;
  /** Only what waits for people. */
  readonly waiting?: boolean;
  /** Only decisions that the policies of today would not make. */
  readonly notCompliant?: boolean;
}

export function matchesFilter(
  row: VersionRow,
  { model, stage, requested, waiting = false, notCompliant = false }: RowFilter,
): boolean {
  return (
    (model === undefined || row.model === model) &&
    (stage === undefined || row.stage === stage) &&
    (requested === undefined || row.requested === requested) &&
    (!waiting || row.outcome === 'Pending') &&
    (!notCompliant || !row.compliant)
  );
}

const byNumber = new Intl.Collator('en', { numeric: true });

/** Version 10 comes after version 9. */
export function sortRows(rows: readonly VersionRow[]): readonly VersionRow[] {
  const keys = (row: VersionRow) => [row.namespace, row.model, row.version, row.name];
  return rows.toSorted((a, b) => {
    const others = keys(b);
    return keys(a).reduce((order, key, index) => order || byNumber.compare(key, others[index] ?? ''), 0);
  });
}
