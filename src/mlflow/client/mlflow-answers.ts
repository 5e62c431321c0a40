import { z } from 'zod';
import { readableEntries, Stage } from '../../api/index.ts';

const Tags = z
  .array(z.object({ key: z.string(), value: z.string().default('') }))
  .default([])
  .transform((tags) => readableEntries(tags.map(({ key, value }) => [key, value] as const)));

/** MLflow's model version, as it answers it. Aliases come with a single version alone. */
const VersionAnswer = z.object({
  name: z.string(),
  version: z.coerce.string(),
  current_stage: z.string().default('None'),
  source: z.string().default(''),
  run_id: z.string().default(''),
  status: z.string().default('READY'),
  tags: Tags,
});

/** A version of a registered model, as the registry has it. Its ModelVersion is another thing. */
export interface RegisteredVersion {
  readonly model: string;
  readonly version: string;
  /** One of MLflow's four; something else where the server has stages of its own. */
  readonly stage: string;
  readonly source: string;
  /** '' where it has none. */
  readonly runId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** False while it is being made, or failed to be. */
  readonly ready: boolean;
}

function toRegisteredVersion(answer: z.infer<typeof VersionAnswer>): RegisteredVersion {
  const { name, version, current_stage, source, run_id, status, tags } = answer;
  // MLflow takes stages in any letter case, and answers them in its own; older servers kept what they were given.
  const stage = Stage.options.find((known) => known.toLowerCase() === current_stage.toLowerCase()) ?? current_stage;
  return { model: name, version, stage, source, runId: run_id, tags, ready: status === 'READY' };
}

export const VersionFound = z.object({ model_version: VersionAnswer.transform(toRegisteredVersion) });

export const VersionPage = z.object({
  model_versions: z.array(VersionAnswer.transform(toRegisteredVersion)).default([]),
  next_page_token: z.string().default(''),
});

const ModelAnswer = z
  .object({
    name: z.string(),
    aliases: z.array(z.object({ alias: z.string(), version: z.coerce.string() })).default([]),
  })
  .transform(({ name, aliases }) => ({
    model: name,
    /** Versions by alias. */
    aliases: new Map(aliases.map(({ alias, version }) => [alias, version])),
  }));
export type RegisteredModel = z.infer<typeof ModelAnswer>;

export const ModelFound = z.object({ registered_model: ModelAnswer });

export const ModelPage = z.object({
  registered_models: z.array(ModelAnswer).default([]),
  next_page_token: z.string().default(''),
});

/** NaN and the infinities come as strings; MLflow's database keeps an infinity as the largest number. */
const Metric = z.object({
  key: z.string(),
  value: z.union([z.number(), z.string()]),
  timestamp: z.coerce.number().default(0),
});
type Metric = z.infer<typeof Metric>;

/** The newest value of each, and none that is no finite number: a threshold says nothing about it. */
function readMetrics(metrics: readonly Metric[]): Readonly<Record<string, number>> {
  const finite = metrics.flatMap(({ key, value }) =>
    typeof value === 'number' && Math.abs(value) < Number.MAX_VALUE ? [[key, value] as const] : [],
  );
  return readableEntries(finite);
}

const Metrics = z
  .array(Metric)
  .default([])
  .transform((metrics) => readMetrics(metrics.toSorted((a, b) => a.timestamp - b.timestamp)));

/** What a run or a logged model holds. */
const Logged = z.object({
  metrics: Metrics,
  params: Tags,
});

export const RunFound = z.object({
  run: z
    .object({
      info: z.object({ lifecycle_stage: z.string().default('active') }),
      data: Logged.extend({ tags: Tags }).prefault({}),
    })
    .transform(({ info, data }) => ({ ...data, deleted: info.lifecycle_stage !== 'active' })),
});
export type Run = z.infer<typeof RunFound>['run'];

export const LoggedModelFound = z.object({
  model: z.object({ info: z.object({ source_run_id: z.string().default('') }), data: Logged.prefault({}) }),
});
export type LoggedModel = z.infer<typeof LoggedModelFound>['model'];

export const Refusal = z.object({ error_code: z.string(), message: z.string().default('') });
