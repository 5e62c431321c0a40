import { z } from 'zod';
import { Condition } from './conditions.ts';
import { Duration } from './duration.ts';
import { Metadata } from './metadata.ts';
import { API_VERSION } from './names.ts';
import { type CelRule, inCrd } from './rule.ts';
import { SERVED_STAGES, type ServedStage, Stage } from './stage.ts';

const name = z.string().min(1).max(253);

const secretName = name.describe("The Secret's name.");

const SECRET_KEY = 'a Secret of the same namespace';

/** The address of an MLflow server, and what it takes to ask it. */
const MlflowServer = z.strictObject({
  url: z
    .string()
    .max(2048)
    .regex(/^https?:\/\/[^/?#@\s]+/, 'an address reads https://HOST[:PORT][/PREFIX]')
    .describe('Where MLflow is: https://HOST[:PORT][/PREFIX], as MLFLOW_TRACKING_URI.'),
  auth: z
    .strictObject({ secretRef: z.strictObject({ name: secretName }).describe('Which Secret.') })
    .optional()
    .describe(
      `${SECRET_KEY} with username and password, or token; it says itself to which host they may be sent, and may hold ca.crt.`,
    ),
  caBundle: z.string().max(65536).optional().describe("Authorities in PEM that sign the server's certificate."),
});

const Import = z.strictObject({
  stage: Stage.optional().describe(
    'Asked for each new version; the tag assent.dev/stage of a version comes before it. None where it is left out.',
  ),
});

const alias = z.string().min(1).max(256);

const Export = z.strictObject({
  aliases: z
    .strictObject({
      Staging: alias.optional().describe('Of Staging.'),
      Production: alias.optional().describe('Of Production.'),
    } satisfies Record<ServedStage, z.ZodType>)
    .optional()
    .describe('The alias that points to the newest version of a stage. Left out: champion for Production.'),
  stages: z.boolean().optional().describe("Move MLflow's own stages too; true where it is left out."),
});

const SOMETHING: CelRule = {
  rule: 'has(self.import) || has(self.export)',
  message: 'a ModelRegistry has import, export or both: write import: {} or export: {}',
};

/** A model registry that versions come from, that decisions go to, and whose metrics are facts. */
export const ModelRegistrySpec = inCrd(
  z
    .strictObject({
      mlflow: MlflowServer.describe('The MLflow server, and what it takes to ask it.'),
      models: z.array(z.string().min(1)).max(256).optional().describe('Model names; * stands for any characters.'),
      import: Import.optional().describe('Registered versions become ModelVersions.'),
      export: Export.optional().describe('Decisions move what the registry shows.'),
      onDrift: z
        .enum(['Revert', 'Accept', 'Report'])
        .optional()
        .describe(
          'A stage that somebody moved in the registry is put back (Revert, the default), asked for here (Accept), or told alone (Report).',
        ),
      interval: Duration.optional().describe(
        'How often the registry is compared; 1m where it is left out, 1s at least.',
      ),
      webhookSecret: z
        .strictObject({ name: secretName, key: name.describe('The entry that holds it.') })
        .optional()
        .describe(`The secret of MLflow's webhook, in ${SECRET_KEY}.`),
    })
    .refine((spec) => spec.import !== undefined || spec.export !== undefined, SOMETHING.message),
  { 'x-kubernetes-validations': [SOMETHING] },
);
export type ModelRegistrySpec = z.infer<typeof ModelRegistrySpec>;

const count = () => z.number().int().min(0);

export const ModelRegistryStatus = z.strictObject({
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation that the operator has looked at; -1: none yet.'),
  versions: count().optional().describe('Versions of the registry that match, as it was compared last.'),
  imported: count().optional().describe('How many of them are ModelVersions.'),
  pendingExports: count().optional().describe('Decisions that the registry does not show yet.'),
  drifted: z
    .array(
      z.strictObject({
        model: z.string().describe('The registered model.'),
        version: z.string().describe('Its version.'),
        found: z.string().describe('What the registry says.'),
        decided: Stage,
      }),
    )
    .max(100)
    .optional()
    .describe('Versions whose stage somebody moved in the registry: what was found there, and what was decided.'),
  lastSyncTime: z.string().optional().describe('When the registry was last compared from end to end.'),
  lastSyncSeconds: z.number().optional().describe('How long that took.'),
  lastHandledSyncAt: z
    .string()
    .optional()
    .describe('The annotation assent.dev/sync-requested-at of the last comparison that somebody asked for.'),
  lastEventTime: z.string().optional().describe('When the last webhook with a good signature came.'),
  conditions: inCrd(z.array(Condition).optional(), {
    description: 'What holds of it now, and why.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  }),
});
export type ModelRegistryStatus = z.infer<typeof ModelRegistryStatus>;

/** An MLflow server whose registry is kept in step with the ModelVersions of one namespace. */
export const ModelRegistry = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('ModelRegistry'),
  metadata: Metadata,
  spec: ModelRegistrySpec,
  status: ModelRegistryStatus.optional(),
});
export type ModelRegistry = z.infer<typeof ModelRegistry>;

/** Aliases where `spec.export` names none. */
const DEFAULT_ALIASES: Partial<Record<ServedStage, string>> = { Production: 'champion' };

/** @returns the alias of each stage that has one: whoever sets it says which version is served. */
export function stageAliases({ export: exported }: ModelRegistrySpec): readonly (readonly [ServedStage, string])[] {
  const aliases = exported?.aliases ?? DEFAULT_ALIASES;
  return SERVED_STAGES.flatMap((stage) => {
    const found = aliases[stage];
    return found === undefined ? [] : [[stage, found] as const];
  });
}
