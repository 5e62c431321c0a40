import { z } from 'zod';

/** kstatus' conditions and our own, on a ModelVersion. */
export type ModelVersionCondition =
  | 'Approved'
  | 'PolicyEvaluated'
  | 'ApprovalsVerified'
  | 'EvidenceVerified'
  | 'PolicyCompliant'
  | 'Ready'
  | 'Reconciling'
  | 'Stalled';

/** The reasons of condition `Approved`, each with the condition's status. */
export const APPROVED_REASONS = {
  AutoApproved: 'True',
  ManuallyApproved: 'True',
  AwaitingApproval: 'Unknown',
  PolicyError: 'Unknown',
  InvalidSpec: 'Unknown',
  PolicyDenied: 'False',
  RejectedByApprover: 'False',
  Expired: 'False',
  Revoked: 'False',
} as const;

export type ApprovedReason = keyof typeof APPROVED_REASONS;

/** A condition as Kubernetes defines it (KEP-1623). */
export const Condition = z.strictObject({
  type: z.string().max(316).describe('What it is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z.string().max(1024).describe('Why, in one word for programs.'),
  message: z.string().max(32768).describe('Why, for people.'),
  lastTransitionTime: z.string().describe('Since when its status is this one (RFC 3339).'),
  observedGeneration: z.number().int().optional().describe('The generation that it tells of.'),
});
export type Condition = z.infer<typeof Condition>;

/** What one condition says. */
export interface SaidCondition extends Pick<Condition, 'reason' | 'message'> {
  readonly value: Condition['status'];
}

/** The API server refuses a longer message, and with it the whole status. */
const MESSAGE_CHARACTERS = 8_192;

/** @returns the condition; the time of its last change stays where its value does */
export function nextCondition(
  type: string,
  { value, reason, message }: SaidCondition,
  {
    before,
    now,
    generation,
  }: { readonly before: readonly Condition[]; readonly now: string; readonly generation: number },
): Condition {
  const stood = before.find((existing) => existing.type === type);
  return {
    type,
    status: value,
    reason,
    message: message.slice(0, MESSAGE_CHARACTERS),
    lastTransitionTime: stood?.status === value ? stood.lastTransitionTime : now,
    observedGeneration: generation,
  };
}
