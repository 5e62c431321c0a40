import { SERVED_STAGES } from '../../api/index.ts';
import { ModelFound, VersionPage } from '../client/index.ts';
import { type Caller, parseJson, toThrow } from './caller.ts';
import { findGuardedStage, type GuardedAlias } from './guarded-aliases.ts';

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
  const [found, held] = [ModelFound.safeParse(parseJson(model)), VersionPage.safeParse(parseJson(latest))];
  if (model.status !== 200 || !found.success) throw toThrow(model);
  if (latest.status !== 200 || !held.success) throw toThrow(latest);
  const ofVersion = (shown: { readonly version: string }) => version === undefined || shown.version === version;
  return [
    ...held.data.model_versions
      .filter(ofVersion)
      .map(({ version: number, stage }) => `version ${number} is in ${stage}`),
    ...[...found.data.registered_model.aliases]
      .map(([alias, number]) => ({ alias, version: number }))
      .filter(ofVersion)
      .filter(({ alias }) => findGuardedStage(alias, guarded))
      .map(({ alias, version: number }) => `alias ${alias} is version ${number}`),
  ];
}
