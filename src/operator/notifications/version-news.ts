import { createHash } from 'node:crypto';
import type { ApprovedReason, ModelVersion, NotificationEvent, Placeholder } from '../../api/index.ts';

/** What is to be told of one version. The same decision has the same id, whoever tells it and however often. */
export interface VersionNews {
  readonly id: string;
  readonly event: NotificationEvent;
  /** When it was decided, or began to wait (RFC 3339). */
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

/** @returns the news that a version is now; null where nothing of its spec is decided, or no stage is asked for */
export function readNews({ metadata, spec, status }: ModelVersion): VersionNews | null {
  const { name, namespace = '', uid = '', generation = 1 } = metadata;
  const decision = status?.decision;
  const told = status?.conditions?.find(({ type }) => type === 'Approved');
  const event = Object.entries(EVENTS).find(([reason]) => reason === told?.reason)?.[1];
  if (!decision || !told || !event || decision.generation !== generation || spec.stage === 'None') return null;
  const waits = event === 'Waiting' || event === 'Error';
  // A version that waits is decided again and again: it waits once.
  const since = waits ? (decision.waitingSince ?? '') : decision.id;
  const requirements = decision.requirements;
  const command = (verdict: string) => `kubectl assent ${verdict} ${name} --namespace ${namespace} --reason "…"`;
  return {
    id: createHash('sha256')
      .update(JSON.stringify([uid, generation, event, since]))
      .digest('hex')
      .slice(0, 32),
    event,
    at: waits ? (decision.waitingSince ?? decision.decidedAt) : decision.decidedAt,
    uid,
    generation,
    decisionId: decision.id,
    fields: {
      model: spec.model,
      version: spec.version,
      namespace,
      name,
      stage: spec.stage,
      currentStage: status?.stage ?? 'None',
      event,
      reason: told.reason,
      message: cut(told.message),
      approvers: distinct(requirements.flatMap(({ approvers }) => approvers)),
      approvedBy: distinct(requirements.flatMap(({ approvedBy }) => approvedBy)),
      approve: waits ? command('approve') : '',
      reject: waits ? command('reject') : '',
    },
  };
}

function distinct(names: readonly string[]): string {
  return cut([...new Set(names)].join(', '));
}

function cut(text: string): string {
  return text.length <= MESSAGE_CHARACTERS ? text : `${text.slice(0, MESSAGE_CHARACTERS - 2)} …`;
}
