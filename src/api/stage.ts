import { z } from 'zod';
import { inCrd } from './rule.ts';

/** The stages of MLflow's registry, and no others. A rejection is a decision, never a stage. */
export const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;
export type Stage = (typeof STAGES)[number];

/** The stages in which a version is served. */
export const SERVED_STAGES = ['Staging', 'Production'] as const satisfies readonly Stage[];
export type ServedStage = (typeof SERVED_STAGES)[number];

/** Whether it is one of them; a text that is no stage is not. */
export function isServedStage(stage: string | undefined): stage is ServedStage {
  return SERVED_STAGES.some((served) => served === stage);
}

const UNKNOWN_STAGE = `the stage must be one of ${STAGES.join(', ')}`;
const REJECTED_STAGE =
  "'Rejected' is a decision, not a stage: a rejected version's stage is Archived, so write stage: Archived";

export const Stage = inCrd(
  z.enum(STAGES, { error: ({ input }) => (input === 'Rejected' ? REJECTED_STAGE : UNKNOWN_STAGE) }),
  {
    description: `The stage asked for or in effect: ${STAGES.join(', ')}.`,
    maxLength: 64,
    'x-kubernetes-validations': [
      { rule: "self != 'Rejected'", message: REJECTED_STAGE },
      { rule: `self in [${STAGES.map((stage) => `'${stage}'`).join(', ')}, 'Rejected']`, message: UNKNOWN_STAGE },
    ],
  },
);
