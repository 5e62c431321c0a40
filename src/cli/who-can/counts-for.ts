import { serviceAccountGroups } from '../../admission/index.ts';
import { isApprover, isSamePerson } from '../../decision/index.ts';
import { isOpen, type StoredRequirement } from '../requirements.ts';
import type { Holder } from './rbac.ts';

/** Whether who submitted the version cannot approve it: unknown where the policies may not be read. */
export interface Duties {
  /** Null: nobody knows who submitted the version. */
  readonly submitter: string | null;
  readonly separate: boolean | 'unknown';
}

/**
 * @returns in words, for which of the requirements an approval by this holder counts. RBAC does not tell who is in a
 * group: where it depends on that, the answer says so.
 */
export function describeCounts(holder: Holder, requirements: readonly StoredRequirement[], duties: Duties): string {
  const { submitter, separate } = duties;
  if (separate === true && submitter === null) return 'nothing: nobody knows who submitted it';
  const submitted = submitter !== null && isSamePerson(toPerson(holder).user, submitter);
  if (submitted && separate === true) return 'nothing: submitted it, and duties are separate';
  const counts = requirements.flatMap((requirement, index) => {
    const condition = isOpen(requirement) ? findCondition(holder, requirement) : null;
    return condition === null ? [] : [`${index + 1}${condition}`];
  });
  if (counts.length === 0) return 'nothing';
  const unless = submitted && separate === 'unknown' ? ' (submitted it: nothing if duties are separate)' : '';
  return `${counts.join(', ')}${unless}`;
}

/** @returns the approvers of the open requirements whom no binding reaches by name, or by a group that is known of them. */
export function findUnbound(requirements: readonly StoredRequirement[], holders: readonly Holder[]): readonly string[] {
  const approvers = new Set(requirements.filter(isOpen).flatMap((requirement) => requirement.approvers));
  return [...approvers].filter((approver) => {
    const person = personOf(approver);
    return !holders.some(({ kind, name }) =>
      kind === 'Group' ? person.groups.includes(name) : toPerson({ kind, name }).user === person.user,
    );
  });
}

interface Person {
  readonly user: string;
  readonly groups: readonly string[];
}

/** @returns null where it does not count, '' where it does, else on what it depends. */
function findCondition(holder: Holder, { approvers, approvedBy }: StoredRequirement): string | null {
  const person = toPerson(holder);
  if (holder.kind !== 'Group' && approvedBy.includes(person.user)) return null;
  if (isApprover(person, approvers)) return '';
  const possible = approvers.filter((approver) => mayBe(holder, approver)).map(describeApprover);
  if (possible.length === 0) return null;
  return holder.kind === 'Group' ? ` for members who are ${possible.join(' or ')}` : ` if ${possible.join(' or ')}`;
}

/** Whether the holder, or a member of it, may be this approver for all that RBAC tells. */
function mayBe({ kind, name, groups }: Holder, approver: string): boolean {
  switch (kind) {
    case 'User':
      return groups === undefined && approver.startsWith('group:');
    case 'ServiceAccount':
      return false;
    case 'Group': {
      const person = personOf(approver);
      if (person.user.startsWith(SERVICE_ACCOUNT)) return person.groups.includes(name);
      return approver.startsWith('group:') || !name.startsWith('system:serviceaccounts');
    }
  }
}

function describeApprover(approver: string): string {
  return approver.startsWith('group:') ? `in group ${approver.slice('group:'.length)}` : approver;
}

const SERVICE_ACCOUNT = 'system:serviceaccount:';

/** @returns the holder as its requests come, with the groups that are known of it. */
function toPerson({ kind, name, groups: known }: Pick<Holder, 'kind' | 'name' | 'groups'>): Person {
  switch (kind) {
    case 'User':
      return { user: name, groups: known ?? ['system:authenticated'] };
    case 'Group':
      // No user has an empty name.
      return { user: '', groups: [name] };
    case 'ServiceAccount': {
      const [namespace = ''] = name.split(':');
      const groups = [...serviceAccountGroups(namespace), 'system:authenticated'];
      return { user: `${SERVICE_ACCOUNT}${name}`, groups };
    }
  }
}

/** @param approver as a requirement names it: a user, `group:NAME` or `serviceaccount:NAMESPACE:NAME` */
function personOf(approver: string): Person {
  const [, kind = '', name = approver] = /^(group|serviceaccount):(.*)$/s.exec(approver) ?? [];
  if (kind === 'group') return toPerson({ kind: 'Group', name });
  return toPerson({ kind: kind === 'serviceaccount' ? 'ServiceAccount' : 'User', name });
}
