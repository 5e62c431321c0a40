import {
  type ExportReport,
  isServedStage,
  type ModelRegistry,
  ModelVersion,
  REGISTRY_TAGS,
  type ServedStage,
  type Stage,
  stageAliases,
} from '../../api/index.ts';
import { type MlflowClient, type RegisteredVersion, RegistryError } from '../client/index.ts';
import type { Clock, StoredVersions } from '../ports.ts';
import { forEachAtOnce } from './for-each-at-once.ts';
import type { VersionIndex } from './version-index.ts';

export interface ExportPorts {
  readonly client: MlflowClient;
  /** Notes what the registry shows by now. */
  readonly record: (version: ModelVersion, exported: ExportReport) => Promise<void>;
  readonly versions: StoredVersions;
  readonly index: VersionIndex;
  readonly clock: Clock;
  /** Whether this was exported already, and the watch has not told yet. */
  readonly isExported: (key: string, exported: Pick<ExportReport, 'decisionId' | 'stage'>) => boolean;
  readonly onExported: (key: string, version: ModelVersion, exported: ExportReport) => void;
  /** The registry does not have the version any more. */
  readonly onAbsent: (version: ModelVersion) => void;
}

/** A version whose stage the registry shows by now. */
interface Shown {
  readonly key: string;
  readonly version: ModelVersion;
  readonly registered: RegisteredVersion;
}

/** Versions whose tags are written at once; stages move one after the other. */
const AT_ONCE = 4;
/** MLflow takes 5,000 characters of a tag, and older servers fewer. */
const TAG_CHARACTERS = 4_000;

/**
 * Brings the registry to where the decisions on one model's versions are, in the order in which they were made. Each step
 * looks first and writes only what differs: done twice, it is done once.
 *
 * @throws RegistryError, KubeApiError: what is done stays done, and the rest comes with the next try
 */
export async function exportModel(model: string, registry: ModelRegistry, ports: ExportPorts): Promise<void> {
  const { versions, index } = ports;
  const pending = [...index.ofModel(model)]
    .filter((key) => isPending(key, ports))
    .flatMap((key) => {
      const stored = ModelVersion.safeParse(versions.get(key));
      return stored.success ? [{ key, version: stored.data }] : [];
    })
    .filter(({ key, version }) => !ports.isExported(key, exportOf(version)))
    .toSorted((a, b) => (decidedAt(a.version) < decidedAt(b.version) ? -1 : 1));
  const shown: Shown[] = [];
  for (const { key, version } of pending) {
    const registered = await findRegistered(ports.client, version);
    if (!registered) {
      ports.onAbsent(version);
      continue;
    }
    await exportStage(version, registered, registry, ports.client);
    shown.push({ key, version, registered });
  }
  if (shown.length === 0) return;
  if (stageAliases(registry.spec).length > 0) {
    const { aliases } = await ports.client.getModel(model);
    await moveAliases(model, findAliasMoves(model, registry, aliases, ports), ports.client);
  }
  await forEachAtOnce(shown, AT_ONCE, async ({ key, version, registered }) => {
    await exportTags(version, registered, ports.client);
    const exported = { registry: registry.metadata.name, ...exportOf(version), at: ports.clock() };
    await ports.record(version, exported);
    ports.onExported(key, version, exported);
  });
}

/** Whether the registry is to show a decision on this version that it does not show yet. */
export function isPending(key: string, { versions, index }: Pick<ExportPorts, 'versions' | 'index'>): boolean {
  const summary = versions.summary(key);
  return summary?.exportPending === true && index.find(summary.model, summary.version) === key;
}

/** @returns null where it is not there any more */
async function findRegistered(client: MlflowClient, { spec }: ModelVersion): Promise<RegisteredVersion | null> {
  try {
    return await client.getVersion(spec.model, spec.version);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'not-found') return null;
    throw error;
  }
}

async function exportStage(
  { spec, status }: ModelVersion,
  registered: RegisteredVersion,
  { spec: { export: exported } }: ModelRegistry,
  client: MlflowClient,
): Promise<void> {
  const stage = status?.stage ?? 'None';
  if (exported?.stages === false || registered.stage === stage) return;
  await client.transitionStage(spec, stage, isServedStage(stage) && spec.archiveExistingVersions === true);
}

/** An alias that points elsewhere than the decisions say. */
export interface AliasMove {
  readonly stage: ServedStage;
  readonly alias: string;
  /** Undefined: nowhere. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/**
 * Each stage's alias belongs to the version that came to the stage last. Where no version holds it, an alias is taken away
 * from one that a decision moved elsewhere, and left with one that nothing was decided about.
 *
 * @param shown versions by alias, as the registry has them
 */
export function findAliasMoves(
  model: string,
  { spec }: Pick<ModelRegistry, 'spec'>,
  shown: ReadonlyMap<string, string>,
  ports: Pick<ExportPorts, 'versions' | 'index'>,
): readonly AliasMove[] {
  return stageAliases(spec).flatMap(([stage, alias]) => {
    const [from, to] = [shown.get(alias), findHolder(model, stage, ports)];
    const stays = from === to || (to === undefined && from !== undefined && !wasMovedAway(model, from, ports));
    return stays ? [] : [{ stage, alias, from, to }];
  });
}

/** @throws RegistryError */
export async function moveAliases(model: string, moves: readonly AliasMove[], client: MlflowClient): Promise<void> {
  for (const { alias, to } of moves) {
    if (to === undefined) await client.deleteAlias(model, alias);
    else await client.setAlias({ model, version: to }, alias);
  }
}

/** @returns the version that came to the stage last, of those that hold it */
function findHolder(
  model: string,
  stage: Stage,
  { versions, index }: Pick<ExportPorts, 'versions' | 'index'>,
): string | undefined {
  const holders = [...index.ofModel(model)].flatMap((key) => {
    const summary = versions.summary(key);
    const speaks = summary && index.find(model, summary.version) === key;
    return speaks && summary.stage === stage ? [{ key, summary }] : [];
  });
  const newest = holders.toSorted((a, b) => order(b).localeCompare(order(a)))[0];
  return newest?.summary.version;
}

function order({ key, summary }: { readonly key: string; readonly summary: { readonly movedAt: string } }): string {
  return `${summary.movedAt} ${key}`;
}

function wasMovedAway(
  model: string,
  version: string,
  { versions, index }: Pick<ExportPorts, 'versions' | 'index'>,
): boolean {
  const key = index.find(model, version);
  const summary = key === undefined ? undefined : versions.summary(key);
  return summary !== undefined && summary.movedAt !== '';
}

/** The decision's id comes last: where it stands, all before it stands. */
export async function exportTags(
  version: ModelVersion,
  { tags }: RegisteredVersion,
  client: MlflowClient,
): Promise<void> {
  for (const [key, value] of buildTags(version)) if (tags[key] !== value) await client.setTag(version.spec, key, value);
}

function buildTags({ status }: ModelVersion): readonly (readonly [string, string])[] {
  const { decision, approvals = [] } = status ?? {};
  if (!decision) return [];
  const approved = status?.conditions?.find(({ type }) => type === 'Approved');
  const people = approvals.filter(({ counted, generation }) => counted && generation === decision.generation);
  const who = decision.by === 'People' ? people.map(({ user }) => user) : decision.policies.map(({ name }) => name);
  const cut = (text: string): string => text.slice(0, TAG_CHARACTERS);
  return [
    [REGISTRY_TAGS.decision, decision.outcome],
    [REGISTRY_TAGS.reason, cut(approved?.message ?? decision.reasons.join('; '))],
    [REGISTRY_TAGS.decidedBy, cut([...new Set(who)].join(', '))],
    [REGISTRY_TAGS.decisionId, decision.id],
  ];
}

function exportOf({ status }: ModelVersion): Pick<ExportReport, 'decisionId' | 'stage'> {
  return { decisionId: status?.decision?.id ?? '', stage: status?.stage ?? 'None' };
}

function decidedAt({ status }: ModelVersion): string {
  return status?.history?.[0]?.at ?? status?.decision?.decidedAt ?? '';
}
