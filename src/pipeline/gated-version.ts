import { z } from 'zod';
import { ApprovalRecord, Condition, DecisionStatus, Metadata, Stage } from '../api/index.ts';
import { digestOf } from '../decision/index.ts';

/** Fields that it does not know pass: the operator may be newer than this program, and what a spec holds is sent back. */
export const GatedVersion = z.looseObject({
  metadata: Metadata,
  spec: z.looseObject({
    model: z.string(),
    version: z.string(),
    stage: z.string(),
    approvers: z.array(z.string()).optional(),
  }),
  status: z
    .object({
      stage: Stage.default('None'),
      decision: z
        .object(DecisionStatus.pick({ id: true, generation: true, outcome: true, reasons: true }).shape)
        .optional(),
      approvals: z.array(z.object(ApprovalRecord.shape)).default([]),
      conditions: z.array(z.object(Condition.shape)).default([]),
    })
    .default({ stage: 'None', approvals: [], conditions: [] }),
});
export type GatedVersion = z.infer<typeof GatedVersion>;

export function generationOf({ metadata }: Pick<GatedVersion, 'metadata'>): number {
  return metadata.generation ?? 1;
}

/** @returns the SHA-256 of all that is approved: the spec but for who may approve it. */
export function digestContent({ spec: { approvers: _, ...content } }: Pick<GatedVersion, 'spec'>): string {
  return digestOf(content);
}
