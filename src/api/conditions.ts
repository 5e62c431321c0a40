import { z } from 'zod';

/** kstatus' conditions and our own, on a ModelVersion. */
export type ModelVersionCondition =
  | 'Approved'
  | 'PolicyEvaluated'
  | 'ApprovalsVerified'
  | 'EvidenceVerified'
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
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().max(1024),
  message: z.string().max(32768),
  lastTransitionTime: z.string(),
  observedGeneration: z.number().int().optional(),
});
export type Condition = z.infer<typeof Condition>;
