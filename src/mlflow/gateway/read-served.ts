import { z } from 'zod';
import { SERVED_STAGES } from '../../api/index.ts';
import { type Caller, parseJson, toThrow } from './caller.ts';
import type { GuardedAlias } from './guarded-aliases.ts';
import { findGuardedStage } from './guarded-aliases.ts';

const Latest = z.object({
  model_versions: z
    .array(z.object({ version: z.coerce.string(), current_stage: z.string().default('None') }))
    .default([]),
});
const Model = z.object({
  registered_model: z.object({
    aliases: z.array(z.object({ alias: z.string(), version: z.coerce.string() })).default([]),
  }),
});

/**
 * @param version of one version alone; else of all
 * @returns what MLflow shows of a model that is served, in words
 * @throws AnsweredByMlflow where it does not say
 */
export async function readServed(
  { ask }: Caller,
  name: string,
  guarded: readonly GuardedAlias[],
  version?: string,
): Promise<readonly string[]> {
  const search = new URLSearchParams({ name });
  const [model, latest] = await Promise.all([
    ask({ method: 'GET', path: `registered-models/get?${search}` }),
    ask({ method: 'POST', path: 'registered-models/get-latest-versions', body: { name, stages: SERVED_STAGES } }),
  ]);
  const [found, held] = [Model.safeParse(parseJson(model)), Latest.safeParse(parseJson(latest))];
  if (model.status !== 200 || !found.success) throw toThrow(model);
  if (latest.status !== 200 || !held.success) throw toThrow(latest);
  const ofVersion = (shown: { readonly version: string }) => version === undefined || shown.version === version;
  return [
    ...held.data.model_versions
      .filter(ofVersion)
      .map(({ version, current_stage }) => `version ${version} is in ${current_stage}`),
    ...found.data.registered_model.aliases
      .filter(ofVersion)
      .filter(({ alias }) => findGuardedStage(alias, guarded))
      .map(({ alias, version }) => `alias ${alias} is version ${version}`),
  ];
}
