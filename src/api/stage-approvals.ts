import { z } from 'zod';
import { Condition } from './conditions.ts';
import { Metadata } from './metadata.ts';
import { API_VERSION } from './names.ts';
import { inCrd } from './rule.ts';
import type { ServedStage } from './stage.ts';

/** One unit, so that managedFields do not name every version a second time. */
const versions = inCrd(z.record(z.string(), z.string()), {
  description: "ModelVersions by name, each with its artifact's approved digest; '' where its spec has none.",
  'x-kubernetes-map-type': 'atomic',
});

/**
 * What the deployment guard looks up inside the API server: it can read no ModelVersion there, only this. All of it is
 * status, because the operator alone may write a status.
 */
export const StageApprovalsStatus = z.strictObject({
  modelNamespace: z.string().describe('Where these ModelVersions are.'),
  versions: z
    .strictObject({ Staging: versions, Production: versions } satisfies Record<ServedStage, z.ZodType>)
    .describe('By the stage that they are in and approved for.'),
  approved: z.number().int().describe('How many versions stand here.'),
  omitted: z.number().int().describe('How many approved versions do not fit here; the guard refuses them.'),
  conditions: inCrd(z.array(Condition), {
    description: 'What holds of it now, and why.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  }),
});
export type StageApprovalsStatus = z.infer<typeof StageApprovalsStatus>;

/** The versions that are approved for a stage, for the workloads of one guarded namespace. The operator keeps it. */
export const StageApprovals = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('StageApprovals'),
  metadata: Metadata,
  status: StageApprovalsStatus.optional(),
});
export type StageApprovals = z.infer<typeof StageApprovals>;
