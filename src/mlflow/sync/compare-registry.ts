import {
  type ExportReport,
  type ModelRegistry,
  type ModelRegistryStatus,
  ModelVersion,
  REGISTRY_TAGS,
  Stage,
} from '../../api/index.ts';
import { type Cluster, isTooLarge, KubeApiError } from '../../kube/index.ts';
import { type MlflowClient, type RegisteredVersion, RegistryError } from '../client/index.ts';
import { matchesModel } from '../matches-model.ts';
import type { Clock, StoredVersions } from '../ports.ts';
import { exportTags, findAliasMoves, isPending, moveAliases } from './export-model.ts';
import { forEachAtOnce } from './for-each-at-once.ts';
import { followRegistry, importVersion, noteFound } from './import-version.ts';
import { readFacts, type VersionFacts, withoutFacts } from './read-facts.ts';
import type { VersionIndex } from './version-index.ts';
import { patchModelVersion, recordExport } from './write-version.ts';

type Drift = NonNullable<ModelRegistryStatus['drifted']>[number];

export interface ComparePorts {
  readonly client: MlflowClient;
  readonly cluster: Cluster;
  readonly versions: StoredVersions;
  readonly index: VersionIndex;
  readonly clock: Clock;
  readonly onFacts: (facts: VersionFacts) => void;
  readonly onDrift: (key: string, version: ModelVersion, drift: Drift, reverted: boolean) => void;
  /** So many versions of the registry have been looked at. */
  readonly onProgress: (versions: number, imported: number) => void;
}

export interface Comparison {
  /** Of the registry, where they match. */
  readonly versions: number;
  /** ModelVersions that this comparison made. */
  readonly imported: number;
  readonly drifted: readonly Drift[];
  /** What could not be imported, and why, in words. */
  readonly problems: readonly string[];
  /** Of what drifted: what could not be put back, and why. */
  readonly stays: readonly string[];
}

/** Versions that are looked at at once. */
const AT_ONCE = 8;
const MOST_PROBLEMS = 20;

/**
 * Looks at every version of the registry: what is new is imported, what somebody moved is put back, accepted or told. What
 * was done before a failure stays done, so that the next comparison has less to do.
 *
 * @throws RegistryError, KubeApiError
 */
export async function compareRegistry(registry: ModelRegistry, ports: ComparePorts): Promise<Comparison> {
  const seen = new Set<string>();
  const drifted: Drift[] = [];
  const problems: string[] = [];
  const stays: string[] = [];
  let imported = 0;
  for await (const page of ports.client.listVersions()) {
    const matching = page.filter(({ model, ready }) => ready && matchesModel(registry, model));
    await forEachAtOnce(matching, AT_ONCE, async (registered) => {
      seen.add(identify(registered));
      const looked = await compareVersion(registered, registry, ports).catch((error: unknown): Looked => {
        const { model, version } = registered;
        return { kind: 'problem', problem: `version ${version} of ${model}: ${explainOne(error)}` };
      });
      if (looked.kind === 'imported') imported++;
      if (looked.kind === 'drifted') drifted.push(looked.drift);
      if (looked.kind === 'drifted' && looked.stays !== null) stays.push(looked.stays);
      if (looked.kind === 'problem') problems.push(looked.problem);
      ports.onProgress(seen.size, imported);
    });
  }
  const onStays = (why: string): void => void stays.push(why);
  drifted.push(...findAbsent(seen, registry, ports), ...(await compareAliases(registry, ports, onStays)));
  return {
    ...{ versions: seen.size, imported, drifted: drifted.slice(0, 100) },
    ...{ problems: shorten(problems), stays: shorten(stays) },
  };
}

function shorten(problems: readonly string[]): readonly string[] {
  const more = problems.length - MOST_PROBLEMS;
  return more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `and ${more} more`] : problems;
}

/**
 * @returns why one thing of many was refused, so that the others go on without it
 * @throws what is refused to all of them, and what may pass
 */
function explainOne(error: unknown): string {
  if (error instanceof RegistryError && (error.code === 'forbidden' || error.code === 'invalid')) return error.message;
  if (error instanceof KubeApiError && isOfOneObject(error)) return error.answer ?? error.message;
  throw error;
}

/** A size, a quota, an admission policy of the cluster's owner; and not that the operator may write none at all. */
function isOfOneObject(error: KubeApiError): boolean {
  if (error.code === 'forbidden') return !/ cannot \w+ resource /.test(error.answer ?? '');
  return error.code === 'invalid' || isTooLarge(error);
}

/**
 * Looks at one version anew, as a webhook asks for.
 *
 * @throws RegistryError, KubeApiError
 */
export async function compareNamed(
  { model, version }: { readonly model: string; readonly version: string },
  registry: ModelRegistry,
  ports: ComparePorts,
): Promise<void> {
  if (!matchesModel(registry, model)) return;
  const registered = await ports.client.getVersion(model, version);
  if (registered.ready) await compareVersion(registered, registry, ports);
}

type Looked =
  | { readonly kind: 'same' | 'imported' }
  | { readonly kind: 'drifted'; readonly drift: Drift; readonly stays: string | null }
  | { readonly kind: 'problem'; readonly problem: string };

async function compareVersion(
  registered: RegisteredVersion,
  registry: ModelRegistry,
  ports: ComparePorts,
): Promise<Looked> {
  const { versions, index } = ports;
  const { model, version } = registered;
  const key = index.find(model, version);
  if (key === undefined) {
    if (!registry.spec.import) return { kind: 'same' };
    const { facts, read } = await gatherFacts(registered, registry, ports);
    // A metric that could not be read must not pass for one that the run lacks: whoever decides asks, and is told why.
    if (read) ports.onFacts(facts);
    const imported = await importVersion(facts, registry, ports);
    if (imported === 'taken')
      return { kind: 'problem', problem: `version ${version} of ${model}: another ModelVersion has its name` };
    return { kind: imported === 'created' ? 'imported' : 'same' };
  }
  const stored = ModelVersion.safeParse(versions.get(key));
  const summary = versions.summary(key);
  if (!stored.success || !summary) return { kind: 'same' };
  const { name } = registry.metadata;
  if (
    registry.spec.import &&
    (await followRegistry(stored.data, { registered, facts: null, settled: true }, name, ports))
  )
    return { kind: 'same' };
  // On its way: what the registry shows now is older than the decision.
  if (summary.exportPending) return { kind: 'same' };
  const exported = stored.data.status?.exported;
  if (exported?.registry !== name) {
    await noteFound(stored.data, registered, name, ports);
    return { kind: 'same' };
  }
  const found = findDrift(registered, exported, registry);
  if (found === null) return { kind: 'same' };
  const drift: Drift = { model, version, found, decided: exported.stage };
  let reverted = false;
  let stays: string | null = null;
  try {
    reverted = await answerDrift(stored.data, exported, registered, registry, ports);
  } catch (error) {
    stays = `version ${version} of ${model}: ${explainOne(error)}`;
  }
  ports.onDrift(key, stored.data, drift, reverted);
  return { kind: 'drifted', drift, stays };
}

/** @returns what the registry shows instead of what was exported; null where it shows that */
export function findDrift(
  { stage, tags }: RegisteredVersion,
  exported: ExportReport,
  { spec }: ModelRegistry,
): string | null {
  if (stage !== exported.stage && spec.export?.stages !== false) return stage;
  if (!spec.export || exported.decisionId === '' || tags[REGISTRY_TAGS.decisionId] === exported.decisionId) return null;
  return `decision ${tags[REGISTRY_TAGS.decisionId] ?? 'none'}`;
}

/** @returns whether the registry was put back */
async function answerDrift(
  version: ModelVersion,
  exported: ExportReport,
  registered: RegisteredVersion,
  { spec }: ModelRegistry,
  { client, cluster, clock }: ComparePorts,
): Promise<boolean> {
  switch (spec.onDrift ?? 'Revert') {
    case 'Report':
      return false;
    case 'Revert':
      if (!spec.export) return false;
      if (spec.export.stages !== false && registered.stage !== exported.stage)
        await client.transitionStage(version.spec, exported.stage, false);
      if (exported.decisionId !== '') await exportTags(version, registered, client);
      return true;
    case 'Accept': {
      const stage = Stage.safeParse(registered.stage);
      if (!stage.success || stage.data === exported.stage) return false;
      // Asked for, not given: the policies decide about it as about any other wish.
      if (version.spec.stage !== stage.data) await patchModelVersion(cluster, version, { spec: { stage: stage.data } });
      await recordExport(cluster, version, { ...exported, stage: stage.data, at: clock() });
      return false;
    }
  }
}

/**
 * @returns what is imported of a version, and whether its run was read: of one that is gone, or kept from the operator,
 * there is no word about how good it is
 */
export async function gatherFacts(
  registered: RegisteredVersion,
  { spec }: ModelRegistry,
  { client, clock }: Pick<ComparePorts, 'client' | 'clock'>,
): Promise<{ readonly facts: VersionFacts; readonly read: boolean }> {
  const when = { url: spec.mlflow.url, now: clock() };
  try {
    return { facts: await readFacts(client, registered, when), read: true };
  } catch (error) {
    if (error instanceof RegistryError && (error.code === 'not-found' || error.code === 'forbidden'))
      return { facts: withoutFacts(registered, when), read: false };
    throw error;
  }
}

/** @returns what has a ModelVersion, and is not in the registry any more */
export function findAbsent(
  seen: ReadonlySet<string>,
  registry: ModelRegistry,
  { versions, index }: Pick<ComparePorts, 'versions' | 'index'>,
): readonly Drift[] {
  return [...index.models()]
    .filter((model) => matchesModel(registry, model))
    .flatMap((model) => [...index.ofModel(model)])
    .flatMap((key) => {
      const summary = versions.summary(key);
      if (!summary || seen.has(identify(summary))) return [];
      const decided = Stage.safeParse(summary.stage);
      const { model, version } = summary;
      return [{ model, version, found: 'absent', decided: decided.success ? decided.data : ('None' as const) }];
    });
}

async function compareAliases(
  registry: ModelRegistry,
  ports: ComparePorts,
  onStays: (why: string) => void,
): Promise<readonly Drift[]> {
  const { spec } = registry;
  if (!spec.export) return [];
  const { client, index } = ports;
  const drifted: Drift[] = [];
  for await (const page of client.listModels()) {
    for (const { model, aliases } of page) {
      const keys = [...index.ofModel(model)];
      // What is on its way there is no drift.
      if (keys.length === 0 || keys.some((key) => isPending(key, ports))) continue;
      const moves = findAliasMoves(model, registry, aliases, ports);
      if ((spec.onDrift ?? 'Revert') === 'Revert')
        await moveAliases(model, moves, client).catch((error: unknown) =>
          onStays(`aliases of ${model}: ${explainOne(error)}`),
        );
      for (const { stage, alias, from = 'nothing', to } of moves)
        drifted.push({ model, version: to ?? from, found: `alias ${alias} -> ${from}`, decided: stage });
    }
  }
  return drifted;
}

export function identify({ model, version }: { readonly model: string; readonly version: string }): string {
  return JSON.stringify([model, version]);
}
