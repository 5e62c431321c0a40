import { z } from 'zod';
import { ANNOTATIONS, isServedStage, STAGES } from '../api/index.ts';
import { digestOf, findCompliance, parseSubmitter } from '../decision/index.ts';

/** What the operator keeps of every version at hand; the rest is packed away. */
export interface ModelVersionSummary {
  readonly resourceVersion: string;
  readonly generation: number;
  readonly model: string;
  readonly version: string;
  /** The ModelRegistry that it names; '' where it names none. */
  readonly registry: string;
  /** A decision stands that the registry is not known to show. */
  readonly exportPending: boolean;
  /** The stage in effect. */
  readonly stage: string;
  /** Not decided, or a person's decision is not recorded yet. */
  readonly needsWork: boolean;
  /** A person's decision that stands in the annotations and is not recorded yet, by a digest; '' where there is none. */
  readonly unrecordedDecision: string;
  /** It is not decided, and who submitted it is stamped and not recorded. */
  readonly submissionUnrecorded: boolean;
  /** This very content is approved, and was moved to the stage that it is in. */
  readonly approved: boolean;
  /** The policies that decided it: the first 52 bits of their digest; NaN where none is known. */
  readonly policyBits: number;
  /** The policies of today find no fault with it, as far as its status tells. */
  readonly compliant: boolean;
  /** When it came to its stage; '' where it never moved. */
  readonly movedAt: string;
  /** It holds its stage, and no other version shall. */
  readonly archivesOthers: boolean;
}

const annotations = z.record(z.string(), z.string()).optional();

/** Only what a summary needs, and nothing that a strange object could break. */
const Stored = z.object({
  metadata: z.object({
    uid: z.string().default(''),
    resourceVersion: z.string().default(''),
    generation: z.number().default(1),
    deletionTimestamp: z.string().optional(),
    annotations,
  }),
  spec: z.object({
    model: z.string().default(''),
    version: z.string().default('').catch(''),
    source: z
      .object({ registry: z.string().default('') })
      .prefault({})
      .catch({ registry: '' }),
    archiveExistingVersions: z.boolean().default(false).catch(false),
  }),
  status: z
    .object({
      stage: z.enum(STAGES).default('None').catch('None'),
      exported: z
        .object({ registry: z.string(), decisionId: z.string(), stage: z.string() })
        .optional()
        .catch(undefined),
      decision: z
        .object({
          id: z.string().default(''),
          generation: z.number(),
          outcome: z.string(),
          policyDigest: z.string().default('').catch(''),
        })
        .optional()
        .catch(undefined),
      submission: z.object({ generation: z.number() }).optional().catch(undefined),
      approvals: z
        .array(z.object({ stamp: z.string(), reason: z.string() }))
        .default([])
        .catch([]),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string() }))
        .default([])
        .catch([]),
      history: z
        .array(z.object({ at: z.string(), to: z.string() }))
        .default([])
        .catch([]),
    })
    .prefault({}),
});

export function summarizeModelVersion(object: unknown): ModelVersionSummary {
  const { metadata, spec, status } = Stored.parse(object);
  const { generation } = metadata;
  const { registry } = spec.source;
  const { decision, exported, stage } = status;
  const approved = decision?.outcome === 'Approved';
  const settled = decision?.generation === generation && (approved || decision.outcome === 'Rejected');
  const unrecordedDecision = identifyUnrecorded(metadata, status.approvals);
  return {
    resourceVersion: metadata.resourceVersion,
    generation,
    model: spec.model,
    version: spec.version,
    registry,
    exportPending:
      registry !== '' &&
      decision !== undefined &&
      (approved || decision.outcome === 'Rejected') &&
      !(exported?.registry === registry && exported.decisionId === decision.id && exported.stage === stage),
    // The constant, and not a copy of it for each of a hundred thousand versions.
    stage: STAGES.find((known) => known === stage) ?? stage,
    needsWork: !settled || unrecordedDecision !== '',
    unrecordedDecision,
    submissionUnrecorded:
      !settled && status.submission?.generation !== generation && parseSubmitter({ metadata }) !== null,
    approved: approved && settled && metadata.deletionTimestamp === undefined,
    policyBits: readPolicyBits(decision?.policyDigest ?? ''),
    compliant: findCompliance(status)?.status !== 'False',
    movedAt: status.history[0]?.at ?? '',
    archivesOthers: spec.archiveExistingVersions && settled && approved && isServedStage(stage),
  };
}

/**
 * A number, for a hundred thousand texts of 71 characters would take 9 MB. Two sets of policies with the same bits are one
 * in 4,000,000,000,000,000, and what is missed then is a report.
 *
 * @param digest `sha256:` and 64 hexadecimal digits
 */
export function readPolicyBits(digest: string): number {
  return Number.parseInt(digest.slice('sha256:'.length, 'sha256:'.length + 13), 16);
}

/** Whether its approval holds a stage that is served. */
export function isServed({ approved, stage }: ModelVersionSummary): boolean {
  return approved && isServedStage(stage);
}

/**
 * Whether something else than its stage has changed of what stands: it may be its labels, by which policies choose. A
 * watch that lists anew tells of a hundred thousand versions, and nothing of most.
 */
export function isTouched(before: ModelVersionSummary, now: ModelVersionSummary): boolean {
  const stood = isServed(before) && isServed(now) && before.movedAt === now.movedAt;
  return stood && before.resourceVersion !== now.resourceVersion;
}

function identifyUnrecorded(
  { uid, annotations = {} }: z.infer<typeof Stored>['metadata'],
  approvals: readonly { readonly stamp: string; readonly reason: string }[],
): string {
  const stamp = annotations[ANNOTATIONS.decidedBy];
  if (stamp === undefined) return '';
  const reasons = [annotations[ANNOTATIONS.approve], annotations[ANNOTATIONS.reject], annotations[ANNOTATIONS.revoke]];
  if (approvals.some((record) => record.stamp === stamp && reasons.includes(record.reason))) return '';
  return digestOf({ uid, stamp, reasons });
}
