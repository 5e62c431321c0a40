import { z } from 'zod';

/** kstatus' conditions and our own, on a ModelVersion. */
export const MODEL_VERSION_CONDITIONS = [
  'Approved',
  'PolicyEvaluated',
  'PolicyCompliant',
  'ApprovalsVerified',
  'Ready',
  'Reconciling',
  'Stalled',
] as const;

/** The reasons of condition `Approved`, by its status. */
export const APPROVED_REASONS = {
  True: ['AutoApproved', 'ManuallyApproved'],
  Unknown: ['AwaitingApproval', 'PolicyError', 'InvalidSpec'],
  False: ['PolicyDenied', 'RejectedByApprover', 'Expired', 'Revoked'],
} as const;
export type ApprovedReason = (typeof APPROVED_REASONS)[keyof typeof APPROVED_REASONS][number];

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
