import { createHash } from 'node:crypto';
import type {
  ApprovedReason,
  Condition,
  DecisionStatus,
  ModelVersion,
  NotificationEvent,
  Placeholder,
} from '../../api/index.ts';
import { findCompliance } from '../../decision/index.ts';

/** What is to be told of one version. The same decision has the same id, whoever tells it and however often. */
export interface VersionNews {
  readonly id: string;
  readonly event: NotificationEvent;
  /** When it was decided, began to wait, or was found at fault (RFC 3339). */
  readonly at: string;
  readonly uid: string;
  readonly generation: number;
  readonly decisionId: string;
  readonly fields: Readonly<Record<Exclude<Placeholder, 'link'>, string>>;
}

const EVENTS: Readonly<Partial<Record<ApprovedReason, NotificationEvent>>> = {
  AwaitingApproval: 'Waiting',
  PolicyError: 'Error',
  AutoApproved: 'Approved',
  ManuallyApproved: 'Approved',
  PolicyDenied: 'Rejected',
  RejectedByApprover: 'Rejected',
  Expired: 'Expired',
  Revoked: 'Revoked',
};
/** A receiver has little use for more, and Slack refuses long texts. */
const MESSAGE_CHARACTERS = 1_000;

/**
 * @returns what is to be told of a version, the newest first: the fault that policies of today find, the decision; nothing
 * where nothing of its spec is decided, or no stage is asked for
 */
export function readNews(version: ModelVersion): readonly VersionNews[] {
  const { metadata, spec, status } = version;
  const decision = status?.decision;
  const approved = status?.conditions?.find(({ type }) => type === 'Approved');
  const event = Object.entries(EVENTS).find(([reason]) => reason === approved?.reason)?.[1];
  if (!decision || !approved || !event || decision.generation !== (metadata.generation ?? 1)) return [];
  if (spec.stage === 'None') return [];
  // A version that waits is decided again and again: it waits once.
  const { waitingSince } = decision;
  const told = waits(event)
    ? { since: waitingSince ?? '', at: waitingSince ?? decision.decidedAt }
    : { since: decision.id, at: decision.decidedAt };
  const decided = buildNews(version, decision, { event, ...told, condition: approved });
  const fault = findCompliance(status);
  if (fault?.status !== 'False') return [decided];
  // Other words for a fault that was told are no other fault.
  const { lastTransitionTime: since } = fault;
  const found = buildNews(version, decision, { event: 'NotCompliant', since, at: since, condition: fault });
  return [found, decided];
}

function waits(event: NotificationEvent): boolean {
  return event === 'Waiting' || event === 'Error';
}

function buildNews(
  { metadata, spec, status }: ModelVersion,
  { id, requirements }: DecisionStatus,
  told: Pick<VersionNews, 'event' | 'at'> & { readonly since: string; readonly condition: Condition },
): VersionNews {
  const { name, namespace = '', uid = '', generation = 1 } = metadata;
  const { event, at, since, condition } = told;
  const command = (verdict: string) =>
    waits(event) ? `kubectl assent ${verdict} ${name} --namespace ${namespace} --reason "…"` : '';
  return {
    id: createHash('sha256')
      .update(JSON.stringify([uid, generation, event, since]))
      .digest('hex')
      .slice(0, 32),
    event,
    at,
    uid,
    generation,
    decisionId: id,
    fields: {
      model: spec.model,
      version: spec.version,
      namespace,
      name,
      stage: spec.stage,
      currentStage: status?.stage ?? 'None',
      event,
      reason: condition.reason,
      message: cut(condition.message),
      approvers: distinct(requirements.flatMap(({ approvers }) => approvers)),
      approvedBy: distinct(requirements.flatMap(({ approvedBy }) => approvedBy)),
      approve: command('approve'),
      reject: command('reject'),
    },
  };
}

function distinct(names: readonly string[]): string {
  return cut([...new Set(names)].join(', '));
}

function cut(text: string): string {
  return text.length <= MESSAGE_CHARACTERS ? text : `${text.slice(0, MESSAGE_CHARACTERS - 2)} …`;
}
