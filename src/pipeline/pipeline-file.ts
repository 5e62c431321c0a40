import { z } from 'zod';
import { Approvers, approversMessage, Duration, parseDurationMs, Stage } from '../api/index.ts';
import { findMisspeltApprover } from './find-misspelt-approver.ts';

/** What a rejection does to the pipeline. Without a word it fails: who writes nothing has not asked to go on. */
export const REJECT_ACTIONS = ['fail_pipeline', 'continue'] as const;
export type RejectAction = (typeof REJECT_ACTIONS)[number];

/** A step of these types brings a model to where it serves. */
export const DEPLOYING_TYPES = ['deploy', 'deployment'] as const;

/** All that a step may be. The list is closed: in an open one a misspelt approval would be a step that asks nobody. */
export const STEP_TYPES = [
  'approval',
  'data',
  'training',
  'evaluation',
  'test',
  'registration',
  'task',
  ...DEPLOYING_TYPES,
] as const;

/** Node's longest timer is 24 days and some hours. */
export const LONGEST_GATE_MS = 24 * 24 * 3_600_000;
const LONGEST = 'a gate waits 576h at most';

const name = z
  .string({ error: ({ input }) => (input === undefined ? 'a step has a name' : 'a name is a text: put it in quotes') })
  .refine((text) => text.trim() !== '', 'a name is not empty');

/** The names of people and groups, as `Approvers` takes them, and at least one. */
export const StepApprovers = Approvers.check((context) => {
  if (context.value.length === 0 || context.value.some((entry) => entry.trim() === ''))
    context.issues.push({
      code: 'custom',
      input: context.value,
      message: "approvers names nobody: write who approves, as in approvers: ['alice', 'group:ml-leads']",
    });
  const misspelt = findMisspeltApprover(context.value);
  if (misspelt)
    context.issues.push({
      code: 'custom',
      input: context.value,
      path: [misspelt.index],
      message: misspelt.message,
    });
});

const ApprovalInputs = z
  .strictObject(
    {
      approvers: StepApprovers.optional(),
      by_policy: z.literal(true, 'by_policy is true, or is left out').optional(),
      stage: Stage.optional(),
      timeout: Duration.refine((text) => parseDurationMs(text) <= LONGEST_GATE_MS, LONGEST).optional(),
    },
    'inputs holds approvers: a list of who approves',
  )
  .refine(
    ({ approvers, by_policy }) => (approvers === undefined) !== (by_policy === undefined),
    "an approval names approvers, as in approvers: ['alice'], or leaves it to the policies with by_policy: true; one of them, not both",
  );

const ApprovalStep = z.strictObject({
  name,
  type: z.literal('approval'),
  inputs: ApprovalInputs,
  on_reject: z.enum(REJECT_ACTIONS).default('fail_pipeline'),
});
export type ApprovalStep = z.infer<typeof ApprovalStep>;

const OtherStep = z.strictObject({
  name,
  type: z.enum(STEP_TYPES).exclude(['approval']),
  inputs: z.record(z.string(), z.unknown(), 'inputs holds names and values').optional(),
  run: z.string('run is a command line').min(1, 'run is a command line').optional(),
});

const Step = z.discriminatedUnion('type', [ApprovalStep, OtherStep], 'a step holds at least a name and a type');
export type Step = z.infer<typeof Step>;

const STEPS = 'a pipeline has steps: a list, each with a name and a type';

/**
 * A pipeline file.
 *
 * @example
 * steps:
 *   - name: train_model
 *     type: training
 *   - name: approve_model
 *     type: approval
 *     inputs: {approvers: ['alice']}
 *     on_reject: fail_pipeline
 */
export const Pipeline = z.strictObject(
  { name: z.string('name is a text').optional(), steps: z.array(Step, STEPS).min(1, STEPS) },
  STEPS,
);
export type Pipeline = z.infer<typeof Pipeline>;

/** The keys that the file's objects take, for whoever wrote another one. */
export const PIPELINE_KEYS = Object.keys(Pipeline.shape);
export const STEP_KEYS = [...new Set([...Object.keys(ApprovalStep.shape), ...Object.keys(OtherStep.shape)])];
export const APPROVAL_INPUT_KEYS = Object.keys(ApprovalInputs.shape);

/** @returns what is said of approvers that are no list. */
export function explainApprovers(found: unknown): string {
  return `${approversMessage(found)}; a plain ${typeof found} would never pause the pipeline`;
}
