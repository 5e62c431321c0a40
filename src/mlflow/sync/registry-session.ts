import { type ModelRegistry, ModelVersion, parseDurationMs } from '../../api/index.ts';
import type { RegistryContent } from '../../decision/index.ts';
import type { AddressGuard } from '../../distribution/index.ts';
import { type Cluster, createWorkQueue, KubeApiError } from '../../kube/index.ts';
import type { RegistryEvents } from '../../telemetry/index.ts';
import { type RegisteredVersion, RegistryError } from '../client/index.ts';
import type { Clock, SeenVersion, VersionSource } from '../ports.ts';
import { type ComparePorts, type Comparison, compareNamed, compareRegistry } from './compare-registry.ts';
import { exportModel, isPending } from './export-model.ts';
import { createFactsStore } from './facts-store.ts';
import { followRegistry } from './import-version.ts';
import { readFacts } from './read-facts.ts';
import { recordDrift } from './record-drift.ts';
import { SYNC_ANNOTATION } from './registry-annotations.ts';
import { createRegistryCalls } from './registry-calls.ts';
import { createRegistryConnection } from './registry-connection.ts';
import type { RegistryState } from './registry-status.ts';
import { createVersionIndex } from './version-index.ts';
import { recordExport } from './write-version.ts';

/** One ModelRegistry at work. It ends with its object, and with each change of its spec. */
export interface RegistrySession extends AsyncDisposable {
  read(key: string, version: ModelVersion): RegistryContent;
  /** Told of every change of the versions that name this registry; undefined: it is gone, or names another. */
  observe(key: string, summary: SeenVersion | undefined): void;
  /** A webhook says that something about this version is new. */
  look(version: { readonly model: string; readonly version: string }): void;
  /** Somebody wants to know now, and not at the next interval. */
  compareNow(requestedAt: string): void;
  state(): RegistryState;
}

export interface RegistrySessionOptions {
  readonly registry: ModelRegistry;
  readonly cluster: Cluster;
  readonly guard: AddressGuard;
  readonly source: VersionSource;
  readonly clock: Clock;
  readonly events: RegistryEvents;
  /** Something that the status tells has changed. */
  readonly onChange: () => void;
}

const DEFAULT_INTERVAL = '1m';
const SHORTEST_INTERVAL_MS = 1_000;
/** An account that is locked after some wrong passwords must not be locked by us. */
const STANDING_MS = 60_000;
const COMPARE = 'compare';
const BACKOFF = { baseMs: 500, maxMs: 30_000 };

export function startRegistrySession(options: RegistrySessionOptions): RegistrySession {
  const { registry, cluster, guard, source, clock, events } = options;
  const { name, namespace = '' } = registry.metadata;
  const id = `${namespace}/${name}`;
  const intervalMs = Math.max(SHORTEST_INTERVAL_MS, parseDurationMs(registry.spec.interval ?? DEFAULT_INTERVAL));
  const stop = new AbortController();
  const connection = createRegistryConnection({ cluster, guard, namespace, spec: registry.spec, signal: stop.signal });
  const index = createVersionIndex();
  const { versions } = source;
  const pending = new Set<string>();
  /** What was exported of versions of which the watch still tells an older state. */
  const exported = new Map<string, string>();
  const exportProblems = new Map<string, string>();
  let comparison: RegistryState['comparison'] = null;
  let progress: RegistryState['progress'] = null;
  let failure: string | null = null;
  /** Where not this or that is refused, but to list what there is. */
  let forbidden: RegistryError | null = null;
  let lastEventTime: string | null = null;
  let requestedSyncAt: string | null = registry.metadata.annotations?.[SYNC_ANNOTATION] ?? null;
  let handledSyncAt: string | null = null;

  const onError = (what: string, error: unknown, retryInMs: number): void => {
    // That the registry is left alone is told once, and not by everybody who meets it.
    const told = error instanceof RegistryError && calls.refusal() !== null;
    if (!stop.signal.aborted && !told) events.failed(id, what, error, retryInMs);
  };
  const queue = (workers: number) => createWorkQueue({ workers, onError, backoff: BACKOFF });
  const comparisons = queue(1);
  /** Keys are models: a model's decisions arrive in their order. */
  const exports = queue(4);
  /** Keys are JSON of {model, version}. */
  const looks = queue(4);

  const resume = (): void => {
    for (const key of pending) exportSoon(versions.summary(key));
    facts.refresh();
  };
  const standingMs = Math.max(intervalMs, STANDING_MS);
  const calls = createRegistryCalls({
    connection,
    standingMs,
    onRefused: (error) => {
      events.refused(id, error);
      options.onChange();
    },
    onRecovered: () => {
      events.recovered(id);
      options.onChange();
      resume();
    },
  });

  const facts = createFactsStore({
    registry: name,
    freshMs: Math.max(2 * intervalMs, STANDING_MS),
    fetch: (model, version) =>
      calls.ask(async (client) =>
        readFacts(client, await client.getVersion(model, version), { url: registry.spec.mlflow.url, now: clock() }),
      ),
    isWaiting: (key) => versions.summary(key)?.needsWork ?? false,
    onNews: source.requeue,
    onFacts: async (key, found) => {
      const stored = ModelVersion.safeParse(versions.get(key));
      if (!stored.success || !registry.spec.import) return;
      const settled = !(versions.summary(key)?.needsWork ?? true);
      await followRegistry(stored.data, { registered: found.registered, facts: found, settled }, name, {
        cluster,
        clock,
      });
    },
    onProblem: (error) => {
      // Of what may not be read each version's own status tells.
      if (!(error instanceof RegistryError)) onError('facts', error, 0);
    },
  });

  const exportSoon = (summary: SeenVersion | undefined): void => {
    if (registry.spec.export && summary) exports.add(summary.model);
  };

  const comparePorts = (client: ComparePorts['client']): ComparePorts => ({
    client,
    cluster,
    versions,
    index,
    clock,
    onFacts: facts.put,
    onDrift: (key, version, drift, reverted) => {
      events.drifted(id, { key, ...drift, reverted });
      void recordDrift(version, drift, reverted, { cluster, clock }).catch((error) => onError('event', error, 0));
    },
    onProgress: (seen, imported) => {
      progress = { versions: seen };
      if (imported > 0) options.onChange();
    },
  });

  const compare = async () => {
    const startedAt = performance.now();
    const requested = requestedSyncAt;
    let compared: Comparison;
    try {
      compared = await calls.ask((client) => compareRegistry(registry, comparePorts(client)));
    } catch (error) {
      const refusal = calls.refusal();
      if (refusal) return { requeueAfterMs: refusal.forMs };
      // Other credentials may reach it.
      connection.forget();
      forbidden = error instanceof RegistryError && error.code === 'forbidden' ? error : null;
      failure = forbidden ? null : explainFailure(error, namespace);
      if (!forbidden || stop.signal.aborted) throw error;
      // Some servers answer so to a wrong password, and lock the account.
      events.refused(id, forbidden);
      return { requeueAfterMs: standingMs };
    } finally {
      handledSyncAt = requested;
      progress = null;
      options.onChange();
    }
    // Its metrics went with its object.
    if (stop.signal.aborted) return undefined;
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    failure = null;
    forbidden = null;
    comparison = { ...compared, at: clock(), seconds };
    events.compared(id, { ...compared, seconds });
    resume();
    return { requeueAfterMs: intervalMs };
  };

  const exportOne = async (model: string): Promise<undefined> => {
    try {
      await exportDecisions(model);
      if (exportProblems.delete(model)) options.onChange();
    } catch (error) {
      if (calls.refusal() === null && error instanceof RegistryError && exportProblems.get(model) !== error.message) {
        exportProblems.set(model, error.message);
        options.onChange();
      }
      throw error;
    }
  };

  const exportDecisions = (model: string): Promise<void> =>
    calls.ask((client) =>
      exportModel(model, registry, {
        client,
        versions,
        index,
        clock,
        record: (version, report) => recordExport(cluster, version, report),
        isExported: (key, { decisionId, stage }) => exported.get(key) === `${decisionId} ${stage}`,
        onExported: (key, { spec }, { decisionId, stage }) => {
          exported.set(key, `${decisionId} ${stage}`);
          events.exported(id, { model, version: spec.version, stage });
        },
        // The next comparison tells of it.
        onAbsent: ({ spec }) => events.absent(id, { model, version: spec.version }),
      }),
    );

  const lookAt = async (text: string): Promise<undefined> => {
    const version: Pick<RegisteredVersion, 'model' | 'version'> = JSON.parse(text);
    try {
      await calls.ask((client) => compareNamed(version, registry, comparePorts(client)));
    } catch (error) {
      // Deleted meanwhile, or a name that a test of the webhook made up; what may not be read is told by comparing.
      if (!(error instanceof RegistryError && (error.code === 'not-found' || error.code === 'forbidden'))) throw error;
    }
  };

  for (const key of versions.keys()) {
    const summary = versions.summary(key);
    if (summary && belongs(key, summary)) observe(key, summary);
  }
  comparisons.add(COMPARE);
  const running = Promise.all([
    comparisons.run(compare, stop.signal),
    exports.run(exportOne, stop.signal),
    looks.run(lookAt, stop.signal),
    facts.run(stop.signal),
  ]);

  function belongs(key: string, summary: SeenVersion): boolean {
    return summary.registry === name && key.startsWith(`${namespace}/`);
  }

  function observe(key: string, summary: SeenVersion | undefined): void {
    index.observe(key, summary);
    if (summary?.exportPending) {
      pending.add(key);
      exportSoon(summary);
      options.onChange();
    } else {
      exported.delete(key);
      if (pending.delete(key)) options.onChange();
    }
  }

  return {
    read: (key, version) => facts.read(key, version),
    observe,
    look(version) {
      lastEventTime = clock();
      looks.add(JSON.stringify(version));
    },
    compareNow(at) {
      requestedSyncAt = at;
      // What made it refuse may be repaired: a person asks.
      calls.forgive();
      comparisons.add(COMPARE);
    },
    state: () => ({
      comparison,
      progress,
      imported: index.size,
      pendingExports: registry.spec.export
        ? [...pending].filter((key) => isPending(key, { versions, index })).length
        : 0,
      exportProblems,
      refusal: calls.refusal()?.error ?? forbidden,
      failure,
      lastEventTime,
      handledSyncAt,
    }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      connection[Symbol.dispose]();
    },
  };
}

/** @returns null where it passes by itself, as a race for a write does */
function explainFailure(error: unknown, namespace: string): string | null {
  if (error instanceof KubeApiError && error.code === 'conflict') return null;
  if (!(error instanceof KubeApiError && error.code === 'forbidden'))
    return error instanceof Error ? error.message : String(error);
  return `the operator may not make or change ModelVersions in ${namespace}: an administrator gives it the ClusterRole assent-submitter there (docs/mlflow.md)`;
}
