import { ModelRegistry, SERVED_STAGES, type ServedStage, stageAliases } from '../../api/index.ts';
import { type Cluster, listPages } from '../../kube/index.ts';
import { MODEL_REGISTRIES } from '../resources.ts';

/** An alias that says which version is served in a stage. */
export interface GuardedAlias {
  readonly alias: string;
  readonly stage: ServedStage;
}

/** @param text `NAME` for Production, or `NAME=STAGE` @returns null where it is neither */
export function parseGuardedAlias(text: string): GuardedAlias | null {
  const [alias = '', name = 'Production', ...rest] = text.split('=');
  const stage = SERVED_STAGES.find((served) => served === name);
  return alias === '' || !stage || rest.length > 0 ? null : { alias, stage };
}

/** @returns the stage that the alias stands for; null where it is anybody's. Databases differ in how they see letter case. */
export function findGuardedStage(alias: string, guarded: readonly GuardedAlias[]): ServedStage | null {
  return guarded.find((entry) => entry.alias.toLowerCase() === alias.toLowerCase())?.stage ?? null;
}

/** @returns the ModelRegistries of the namespace whose server this is. @throws KubeApiError */
export async function listRegistriesOf(
  cluster: Cluster,
  namespace: string,
  url: URL,
): Promise<readonly ModelRegistry[]> {
  const found: ModelRegistry[] = [];
  for await (const { items } of listPages(cluster, MODEL_REGISTRIES, { namespace }))
    for (const item of items) {
      const parsed = ModelRegistry.safeParse(item);
      if (parsed.success && isSame(parsed.data.spec.mlflow.url, url)) found.push(parsed.data);
    }
  return found;
}

/** @returns what their exports guard for this model, and what the gateway was told to */
export function guardedAliases(
  registries: readonly ModelRegistry[],
  given: readonly GuardedAlias[],
): readonly GuardedAlias[] {
  const exported = registries.filter(({ spec }) => spec.export !== undefined);
  return [...exported.flatMap(({ spec }) => stageAliases(spec).map(([stage, alias]) => ({ stage, alias }))), ...given];
}

function isSame(text: string, url: URL): boolean {
  const named = URL.parse(text);
  const path = ({ pathname }: URL) => pathname.replace(/\/$/, '');
  return named !== null && named.origin === url.origin && path(named) === path(url);
}
