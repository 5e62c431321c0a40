import { printable } from '../printable.ts';
import { renderTable } from '../render-table.ts';
import { describeRequirement, isOpen } from '../requirements.ts';
import { currentDecision, type StoredVersion } from '../stored-version.ts';
import { type Duties, describeCounts, findUnbound } from './counts-for.ts';
import type { Holder } from './rbac.ts';

/**
 * @param scope whether the holders are all there are; who may read no bindings knows of themselves alone
 * @returns who may decide on the version, and for which of its open requirements that counts
 */
export function renderWhoCan(
  version: StoredVersion,
  holders: readonly Holder[],
  duties: Duties,
  scope: 'everybody' | 'oneself' = 'everybody',
): string {
  const requirements = currentDecision(version)?.requirements ?? [];
  const rows = holders.map((holder) => [
    holder.name,
    holder.kind,
    holder.via.join(', '),
    requirements.some(isOpen) ? describeCounts(holder, requirements, duties) : '-',
  ]);
  return [
    ...explainOpen(version),
    '',
    ...(rows.length > 0 ? [renderTable(HEADER, rows).trimEnd()] : [`nobody may approve it: ${BIND}`]),
    ...(scope === 'everybody' ? explainUnbound(findUnbound(requirements, holders)) : []),
    ...explainDuties(duties),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const HEADER = ['SUBJECT', 'KIND', 'VIA', 'COUNTS FOR'];
const BIND = 'bind somebody to the ClusterRole assent-approver';

function explainOpen(version: StoredVersion): readonly string[] {
  const { name } = version.metadata;
  const decision = currentDecision(version);
  if (!decision) return [`${name}: the operator has not looked at this generation yet`];
  const requirements = decision.requirements.map(
    (requirement, index) => `  ${index + 1}. ${printable(describeRequirement(requirement))}`,
  );
  return decision.requirements.some(isOpen)
    ? [`${name} is ${decision.outcome}, and asks for`, ...requirements]
    : [`${name} is ${decision.outcome}: no approval is open`];
}

function explainUnbound(approvers: readonly string[]): readonly string[] {
  if (approvers.length === 0) return [];
  return [
    '',
    `No binding names ${printable(approvers.join(', '))}: who is meant may approve only as a member of a group above.`,
  ];
}

function explainDuties({ submitter, separate }: Duties): readonly string[] {
  if (separate === false) return [];
  const who =
    submitter === null
      ? 'nobody knows who submitted it, so nobody can approve it'
      : `${printable(submitter)} submitted it and cannot approve it`;
  return separate === true
    ? ['', `Duties are separate: ${who}.`]
    : ['', `The policies may not be read: if they separate duties, ${who}.`];
}
