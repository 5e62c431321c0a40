import { z } from 'zod';
import { API_VERSION } from '../../api/index.ts';
import type { ResourceType } from '../../kube/index.ts';

/** Tekton's kind for one run of a task that another controller serves. */
export const CUSTOM_RUNS: ResourceType = {
  group: 'tekton.dev',
  version: 'v1beta1',
  plural: 'customruns',
  kind: 'CustomRun',
  namespaced: true,
};

/** What a `taskRef` names to have this controller serve it. There are no objects of this kind. */
const APPROVAL_TASK = { apiVersion: API_VERSION, kind: 'Approval' } as const;

const Reference = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
});

const RunCondition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** What a run asked, so that it waits for the same answer after a restart. */
const AskedQuestion = z.object({
  modelVersion: z.string(),
  uid: z.string(),
  generation: z.number(),
  contentDigest: z.string(),
});
export type AskedQuestion = z.infer<typeof AskedQuestion>;

const RunStatus = z.looseObject({
  conditions: z.array(RunCondition).default([]),
  startTime: z.string().optional(),
  retriesStatus: z.array(z.unknown()).nullish(),
  /** Another's text there, or none, is a question not yet asked. */
  extraFields: AskedQuestion.optional().catch(undefined),
});
export type RunStatus = z.infer<typeof RunStatus>;

/** Of a CustomRun what is read of it. Its parameters are checked apart, for what is wrong in them is told in its status. */
export const CustomRun = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    generation: z.number().int().default(1),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.looseObject({
    customRef: Reference.optional(),
    customSpec: Reference.optional(),
    params: z.array(z.object({ name: z.string(), value: z.unknown() })).default([]),
    status: z.string().optional(),
    statusMessage: z.string().optional(),
    retries: z.number().int().default(0),
    timeout: z.string().optional(),
    workspaces: z.array(z.unknown()).default([]),
  }),
  status: RunStatus.nullish().transform((status) => status ?? RunStatus.parse({})),
});
export type CustomRun = z.infer<typeof CustomRun>;

/** Whether the run is one of ours that has not ended. */
export function isOpen({ spec, status }: Pick<CustomRun, 'spec' | 'status'>): boolean {
  const { apiVersion, kind } = spec.customRef ?? spec.customSpec ?? {};
  if (apiVersion !== APPROVAL_TASK.apiVersion || kind !== APPROVAL_TASK.kind) return false;
  const succeeded = succeededOf(status);
  return succeeded === undefined || succeeded.status === 'Unknown';
}

/** @returns the condition by which Tekton knows how a run stands. */
export function succeededOf({ conditions }: Pick<RunStatus, 'conditions'>): z.infer<typeof RunCondition> | undefined {
  return conditions.find(({ type }) => type === 'Succeeded');
}
