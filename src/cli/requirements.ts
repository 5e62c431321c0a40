import { describeApprovers } from '../decision/index.ts';
import type { StoredDecision } from './stored-version.ts';

export type StoredRequirement = StoredDecision['requirements'][number];

export function isOpen({ approvedBy, count }: StoredRequirement): boolean {
  return approvedBy.length < count;
}

/** @returns such as `1 of 2 by group:risk (touches credit decisions)`. */
export function describeRequirement(requirement: StoredRequirement): string {
  const { approvedBy, count, reason } = requirement;
  const why = reason === undefined ? '' : ` (${reason})`;
  return `${approvedBy.length} of ${count} by ${describeApprovers([requirement])}${why}`;
}
