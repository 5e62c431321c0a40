import { z } from 'zod';
import { Condition } from './conditions.ts';
import { Metadata } from './metadata.ts';
import { API_VERSION } from './names.ts';
import { type CelRule, inCrd } from './rule.ts';
import { Stage } from './stage.ts';

/** What can be told of a version: a decision of one generation, or that it would not be made again. */
export const NOTIFICATION_EVENTS = [
  'Waiting',
  'Approved',
  'Rejected',
  'Expired',
  'Revoked',
  'Error',
  'NotCompliant',
] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

/** What a template may name. */
const PLACEHOLDERS = [
  'model',
  'version',
  'namespace',
  'name',
  'stage',
  'currentStage',
  'event',
  'reason',
  'message',
  'approvers',
  'approvedBy',
  'link',
  'approve',
  'reject',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

const name = z.string().min(1).max(253);
const secretName = name.describe("The Secret's name.");
const caBundle = z.string().max(65536).optional().describe("Authorities in PEM that sign the server's certificate.");

/** Names nothing that is not there: both JavaScript and the API server's RE2 read it. */
function template(
  placeholders: readonly string[],
  extra: { readonly maxLength: number; readonly description: string },
) {
  const pattern = `^([^{]|\\{[^{]|\\{\\{(${placeholders.join('|')})\\}\\})*$`;
  const message = `{{…}} names one of ${placeholders.join(', ')}`;
  return inCrd(z.string().max(extra.maxLength).regex(new RegExp(pattern), message), {
    description: `${extra.description} {{…}} stands for one of ${placeholders.join(', ')}.`,
    pattern: undefined,
    'x-kubernetes-validations': [{ rule: `self.matches(r'${pattern}')`, message }],
  });
}

const ONE_SINK: CelRule = {
  rule: 'has(self.cloudEvents) != has(self.slack)',
  message: 'a Notification has one of cloudEvents and slack: write another Notification for another receiver',
};

/** Where news of the versions of one namespace goes. */
export const NotificationSpec = inCrd(
  z
    .strictObject({
      match: z
        .strictObject({
          models: z.array(z.string().min(1)).max(256).optional().describe('Model names; * stands for any characters.'),
          stages: z.array(Stage).max(8).optional().describe('The stages asked for.'),
        })
        .optional()
        .describe('Which versions are told of; all of the namespace where it is left out.'),
      events: z
        .array(z.enum(NOTIFICATION_EVENTS))
        .min(1)
        .max(NOTIFICATION_EVENTS.length)
        .optional()
        .describe('What is told; all but Error and NotCompliant where it is left out.'),
      cloudEvents: z
        .strictObject({
          url: z
            .string()
            .max(2048)
            .regex(/^https?:\/\/[^/?#@\s]+/, 'an address reads https://HOST[:PORT][/PATH]')
            .describe('Takes CloudEvents 1.0 by POST, in structured mode.'),
          auth: z
            .strictObject({ secretRef: z.strictObject({ name: secretName }).describe('Which Secret.') })
            .optional()
            .describe('A Secret of the same namespace with host, and token or username and password.'),
          caBundle,
        })
        .optional()
        .describe('A receiver of CloudEvents.'),
      slack: z
        .strictObject({
          secretRef: z
            .strictObject({ name: secretName, key: name.describe('Its entry.') })
            .describe('The entry that holds the address of the webhook.'),
          caBundle,
        })
        .optional()
        .describe('An incoming webhook as Slack has it; Mattermost and others take the same.'),
      template: template(PLACEHOLDERS, { maxLength: 2048, description: 'The text.' }).optional(),
      link: template(
        PLACEHOLDERS.filter((placeholder) => ['model', 'version', 'namespace', 'name'].includes(placeholder)),
        { maxLength: 1024, description: 'Where people look at a version.' },
      ).optional(),
    })
    .refine((spec) => (spec.cloudEvents === undefined) !== (spec.slack === undefined), ONE_SINK.message),
  { 'x-kubernetes-validations': [ONE_SINK] },
);
export type NotificationSpec = z.infer<typeof NotificationSpec>;

const count = () => z.number().int().min(0);

export const NotificationStatus = z.strictObject({
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation that the operator has looked at; -1: none yet.'),
  delivered: count().optional().describe('How many were taken by the receiver.'),
  failed: count().optional().describe('How many were given up: the receiver refused them, or too many waited.'),
  waiting: count().optional().describe('How many wait for the receiver.'),
  lastDeliveryTime: z.string().optional().describe('When the receiver last took one.'),
  deliveredUntil: z
    .string()
    .optional()
    .describe('What was decided before this time is not told again after a restart.'),
  recentIds: z.array(z.string()).max(256).optional().describe('What was told of later decisions.'),
  conditions: inCrd(z.array(Condition).optional(), {
    description: 'What holds of it now, and why.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  }),
});
export type NotificationStatus = z.infer<typeof NotificationStatus>;

export const Notification = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Notification'),
  metadata: Metadata,
  spec: NotificationSpec,
  status: NotificationStatus.optional(),
});
export type Notification = z.infer<typeof Notification>;
