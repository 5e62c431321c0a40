import { z } from 'zod';
import {
  ApprovalRecord,
  Condition,
  DecisionStatus,
  ExportReport,
  Metadata,
  PolicyVerdict,
  RegistryReport,
  RequirementStatus,
  Stage,
  SubmissionRecord,
  TransitionRecord,
} from '../api/index.ts';
import { CliError } from './cli-error.ts';

const Decision = z.object({
  ...DecisionStatus.shape,
  policies: z.array(z.object(PolicyVerdict.shape)),
  requirements: z.array(z.object(RequirementStatus.shape)),
});
export type StoredDecision = z.infer<typeof Decision>;

const Approval = z.object(ApprovalRecord.shape);
export type StoredApproval = z.infer<typeof Approval>;

/**
 * A version as people are shown it. Fields that it does not know pass unread: the operator may be newer than this
 * program, and a spec that no longer fits the schemas must still be shown.
 */
export const StoredVersion = z.object({
  metadata: Metadata,
  spec: z.object({ model: z.string(), version: z.string(), stage: z.string() }),
  status: z
    .object({
      stage: Stage.default('None'),
      decision: Decision.optional(),
      verified: z.object(RegistryReport.shape).optional(),
      exported: z.object(ExportReport.shape).optional(),
      submission: z.object(SubmissionRecord.shape).optional(),
      approvals: z.array(Approval).default([]),
      history: z.array(z.object(TransitionRecord.shape)).default([]),
      conditions: z.array(z.object(Condition.shape)).default([]),
    })
    .default({ stage: 'None', approvals: [], history: [], conditions: [] }),
});
export type StoredVersion = z.infer<typeof StoredVersion>;

/** @throws CliError where a field is not as this program knows it */
export function parseVersion(object: unknown): StoredVersion {
  const parsed = StoredVersion.safeParse(object);
  if (parsed.success) return parsed.data;
  const name = z.object({ metadata: z.object({ name: z.string() }) }).safeParse(object).data?.metadata.name;
  throw new CliError([
    ...parsed.error.issues.map(({ path, message }) => `${name}: ${path.join('.')}: ${message}`),
    'the operator may be newer than this program: update it',
  ]);
}

/** @returns the condition `Approved`, which says what was decided and why; undefined before the operator has looked. */
export function findApproved({ status }: Pick<StoredVersion, 'status'>) {
  return status.conditions.find(({ type }) => type === 'Approved');
}

export function generationOf({ metadata }: Pick<StoredVersion, 'metadata'>): number {
  return metadata.generation ?? 1;
}

/** @returns the decision, where it is for the spec as it stands: the operator may not have looked at that yet. */
export function currentDecision(version: StoredVersion): StoredDecision | undefined {
  const { decision } = version.status;
  return decision?.generation === generationOf(version) ? decision : undefined;
}
