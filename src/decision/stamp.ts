import { z } from 'zod';
import { ANNOTATIONS, type ModelVersion, VERDICTS } from '../api/index.ts';

/** Who made a request, and for which generation: written inside the API server, never by the person. */
const Stamp = z.object({
  user: z.string().min(1),
  groups: z.array(z.string()),
  generation: z.number().int(),
});

const DecisionStamp = Stamp.extend({ verdict: z.enum(VERDICTS) });

/** A person's decision as it stands in the annotations, with its stamp. */
export interface StampedDecision extends z.infer<typeof DecisionStamp> {
  /** The reason, in the person's own words. */
  readonly reason: string;
  /** The stamp as it was written: what tells two decisions apart. */
  readonly stamp: string;
}

/** Who wrote the spec. */
export interface Submitter {
  readonly user: string;
  readonly groups: readonly string[];
}

/** @returns who submitted this generation's spec, or null where no stamp of this generation says so. */
export function parseSubmitter({
  metadata,
}: {
  readonly metadata: Pick<ModelVersion['metadata'], 'annotations' | 'generation'>;
}): Submitter | null {
  const stamp = parseJson(Stamp, metadata.annotations?.[ANNOTATIONS.submittedBy]);
  return stamp && stamp.generation === metadata.generation ? { user: stamp.user, groups: stamp.groups } : null;
}

/** @returns the decision that the annotations hold, or null where there is none or its stamp is not one. */
export function parseStampedDecision(modelVersion: ModelVersion): StampedDecision | null {
  const annotations = modelVersion.metadata.annotations ?? {};
  const text = annotations[ANNOTATIONS.decidedBy];
  const stamp = parseStamp(text);
  if (!stamp || text === undefined) return null;
  const reason = annotations[ANNOTATIONS[stamp.verdict]];
  return reason === undefined ? null : { ...stamp, reason, stamp: text };
}

/** @returns what a decision's stamp says, or null where the text is not one. */
export function parseStamp(text: string | undefined): z.infer<typeof DecisionStamp> | null {
  return parseJson(DecisionStamp, text);
}

function parseJson<Schema extends z.ZodType>(schema: Schema, text: string | undefined): z.infer<Schema> | null {
  if (text === undefined) return null;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: a name with characters that JSON cannot hold. No stamp, so nothing is counted.
    return null;
  }
}
