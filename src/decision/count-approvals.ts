import { type ApprovalRecord, MLFLOW_USER_PREFIX, OPERATOR_NAME, type RequirementStatus } from '../api/index.ts';
import type { Requirement } from './policy-outcome.ts';
import type { Submitter } from './stamp.ts';

/** What an approval must fit to count. */
export interface ApprovalContext {
  readonly uid: string;
  readonly generation: number;
  /** SHA-256 of the canonical spec. */
  readonly specDigest: string;
  readonly requirements: readonly Requirement[];
  /** A policy gave no answer: whom it would name is not known. */
  readonly errs: boolean;
  readonly separationOfDuties: boolean;
  readonly submitter: Submitter | null;
}

export interface ApprovalCount {
  readonly requirements: readonly RequirementStatus[];
  /** Whether there are requirements and every one has its number of people. */
  readonly satisfied: boolean;
  /** The first rejection by someone whom a requirement names, or null. */
  readonly rejection: ApprovalRecord | null;
  /** Every record again, each with whether it counts and, where not, why. */
  readonly records: readonly ApprovalRecord[];
}

/**
 * Counts people, each once a requirement, and only for this generation and exactly this content.
 *
 * @param records what people decided, oldest first
 */
export function countApprovals(records: readonly ApprovalRecord[], context: ApprovalContext): ApprovalCount {
  const judged = records.map((record) => {
    const message = explainNotCounted(record, context);
    const { message: _, ...rest } = record;
    return message === null ? { ...rest, counted: true } : { ...rest, counted: false, message };
  });
  const approvals = judged.filter(({ counted, verdict }) => counted && verdict === 'approve');
  const requirements = context.requirements.map((requirement) => ({
    ...requirement,
    approvers: [...requirement.approvers],
    approvedBy: distinctUsers(approvals.filter((record) => isApprover(record, requirement.approvers))),
  }));
  return {
    requirements,
    satisfied: requirements.length > 0 && requirements.every(({ count, approvedBy }) => approvedBy.length >= count),
    rejection: judged.find(({ counted, verdict }) => counted && verdict === 'reject') ?? null,
    records: judged,
  };
}

/** For good: whoever can make a policy err would choose so when, and by which policies, they are judged. */
const UNJUDGED =
  'given while a policy gave no answer, and whom it asks was not known: give it again, in other words, when there is one';

/** @returns why the record does not count, for people; null where it does. */
function explainNotCounted(record: ApprovalRecord, context: ApprovalContext): string | null {
  const { uid, generation, specDigest, requirements, errs, separationOfDuties, submitter } = context;
  if (!record.verified) return 'given while the admission policies were not in force: give it again, in other words';
  if (record.uid !== uid)
    return 'given for another version of the same name, which is gone: look at this one and decide again';
  if (record.generation !== generation || record.specDigest !== specDigest)
    return `given for generation ${record.generation}; the spec has changed since: look at it and decide again`;
  // Whoever was told that it does not count must not find later that it did, when the policies that said so are gone.
  if (!record.counted && record.message !== undefined) return record.message;
  if (record.verdict === 'revoke') return 'there is no approval to revoke yet: reject it instead';
  // What counted for this very content goes on to, and cannot be judged anew.
  if (errs && record.counted) return null;
  if (errs && !(record.verdict === 'reject' && requirements.some(({ approvers }) => isApprover(record, approvers))))
    return UNJUDGED;
  if (requirements.length > 0 && !requirements.some(({ approvers }) => isApprover(record, approvers)))
    return `${record.user} is not among the approvers: ${describeApprovers(requirements)}`;
  if (record.verdict === 'reject') return null;
  if (!separationOfDuties) return null;
  const unknown = explainUnknownSubmitter(submitter);
  if (unknown !== null) return unknown;
  if (submitter && isSamePerson(submitter.user, record.user))
    return `${record.user} submitted this version, and duties are separate: somebody else must approve it`;
  return null;
}

/** @returns why nobody can approve where duties are separate; null where it is known whose version it is. */
export function explainUnknownSubmitter(submitter: Submitter | null): string | null {
  if (!submitter)
    return 'duties are separate and nobody vouches for who submitted this version: submit it again with the admission policies in force, by a change of its spec or once more after deleting it';
  if (speaksForOthers(submitter))
    return 'duties are separate and the operator submitted this version for somebody whom it cannot name, as for a CustomRun or an import: submit it as yourself, or by the ServiceAccount of the pipeline';
  return null;
}

/**
 * Somebody whom MLflow calls alice may be another person than Kubernetes' alice. Duties that are separate hold them for one:
 * it costs another approver, and the other way round costs the separation.
 */
export function isSamePerson(a: string, b: string): boolean {
  const plain = (user: string): string =>
    user.startsWith(MLFLOW_USER_PREFIX) ? user.slice(MLFLOW_USER_PREFIX.length) : user;
  return plain(a) === plain(b);
}

/**
 * @param approvers `group:NAME`, `serviceaccount:NAMESPACE:NAME` or a user's name; none: whoever the API server let
 * write the decision, which is anyone who holds the RBAC verb
 */
export function isApprover(person: Submitter, approvers: readonly string[]): boolean {
  if (approvers.length === 0) return true;
  return approvers.some((entry) => {
    if (entry.startsWith('group:')) return person.groups.includes(entry.slice('group:'.length));
    if (entry.startsWith('serviceaccount:')) return person.user === `system:${entry}`;
    return person.user === entry;
  });
}

const OPERATOR = new RegExp(`^system:serviceaccount:[^:]+:${OPERATOR_NAME}$`);

/** Whether it is the operator, wherever it runs: it asks for others, any of whom may be the one who approves. */
export function speaksForOthers({ user }: Pick<Submitter, 'user'>): boolean {
  return OPERATOR.test(user);
}

/** @returns who may approve, for a message. */
export function describeApprovers(requirements: readonly Pick<Requirement, 'approvers'>[]): string {
  const lists = requirements.map(({ approvers }) =>
    approvers.length > 0 ? approvers.join(', ') : 'anyone who may `approve` modelversions',
  );
  const text = [...new Set(lists)].join('; ');
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)} …` : text;
}

/** It stands in each decision that does not count, of which a version keeps 256. */
const MOST_CHARACTERS = 1024;

function distinctUsers(records: readonly ApprovalRecord[]): string[] {
  return [...new Set(records.map(({ user }) => user))];
}
