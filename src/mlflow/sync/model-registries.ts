import { z } from 'zod';
import { listProblems, ModelRegistry, ModelRegistryStatus, type ModelVersion, renderProblem } from '../../api/index.ts';
import { type RegistryContent, renderCanonicalJson } from '../../decision/index.ts';
import type { AddressGuard } from '../../distribution/index.ts';
import { type Cluster, createPlainStore, createWorkQueue, resourcePath, watchResource } from '../../kube/index.ts';
import type { RegistryEvents } from '../../telemetry/index.ts';
import type { Clock, RegistryFactsReader, SeenVersion, VersionSource } from '../ports.ts';
import { MODEL_REGISTRIES } from '../resources.ts';
import { SYNC_ANNOTATION } from './registry-annotations.ts';
import { type RegistrySession, startRegistrySession } from './registry-session.ts';
import { invalidRegistryStatus, nextRegistryStatus } from './registry-status.ts';

/** All ModelRegistries of a cluster at work. */
export interface ModelRegistries extends RegistryFactsReader, AsyncDisposable {
  /** Told of every change of the versions, from the start. */
  observe(key: string, summary: SeenVersion | undefined): void;
  /** Until then nothing is asked of a registry. */
  start(source: VersionSource): void;
  /** @returns what a webhook is for; null where there is no such ModelRegistry */
  find(namespace: string, name: string): { readonly registry: ModelRegistry; readonly session: RegistrySession } | null;
}

interface ModelRegistriesOptions {
  readonly cluster: Cluster;
  /** Undefined: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** Which addresses a ModelRegistry may name. */
  readonly guard: AddressGuard;
  readonly events: RegistryEvents;
  readonly clock: Clock;
}

interface Running {
  readonly registry: ModelRegistry;
  readonly specText: string;
  readonly syncRequestedAt: string | undefined;
  readonly session: RegistrySession;
}

/** Whoever starts beside a cluster without this kind must not keep its versions waiting for ever. */
const LONGEST_UNKNOWN_MS = 15_000;
/** Progress is told now and then, not with each version. */
const STATUS_DELAY_MS = 500;

export function createModelRegistries(options: ModelRegistriesOptions): ModelRegistries {
  const { cluster, guard, events, clock } = options;
  const stop = new AbortController();
  const store = createPlainStore();
  const running = new Map<string, Running>();
  /** The registry that each version was last seen to name: its name alone, which the version's summary holds anyway. */
  const named = new Map<string, string>();
  const ending = new Set<Promise<void>>();
  const startedAt = performance.now();
  let synced = false;
  let source: VersionSource | undefined;
  let written: Promise<void> | undefined;

  const onError = (key: string, error: unknown, retryInMs: number) => events.failed(key, 'status', error, retryInMs);
  const statuses = createWorkQueue({ workers: 2, onError });

  const end = (key: string): void => {
    const before = running.get(key);
    if (!before) return;
    running.delete(key);
    const one = disposeOf(before.session).finally(() => ending.delete(one));
    ending.add(one);
  };

  const begin = (key: string): void => {
    const object = store.get(key);
    if (!source || object === undefined) return;
    const parsed = ModelRegistry.safeParse(object);
    const specText = parsed.success ? renderCanonicalJson(parsed.data.spec) : '';
    const before = running.get(key);
    const syncRequestedAt = parsed.data?.metadata.annotations?.[SYNC_ANNOTATION];
    if (parsed.success && before?.specText === specText) {
      if (syncRequestedAt === before.syncRequestedAt) return;
      if (syncRequestedAt !== undefined) before.session.compareNow(syncRequestedAt);
      running.set(key, { ...before, syncRequestedAt });
      return;
    }
    end(key);
    statuses.add(key);
    if (!parsed.success) return;
    const session = startRegistrySession({
      registry: parsed.data,
      cluster,
      guard,
      source,
      clock,
      events,
      onChange: () => statuses.addAfter(key, STATUS_DELAY_MS),
    });
    running.set(key, { registry: parsed.data, specText, syncRequestedAt, session });
    // Whoever waited for a registry that was not there yet asks again.
    for (const [version, name] of named) if (keyOfRegistry(version, name) === key) source.requeue(version);
  };

  const informer = watchResource({
    cluster,
    resource: MODEL_REGISTRIES,
    ...(options.namespaces ? { namespaces: options.namespaces } : {}),
    store,
    onProblem: (error) => events.failed('*', 'watch', error, 0),
    onChange: ({ key, now }) => {
      if (now !== undefined) {
        begin(key);
        return;
      }
      end(key);
      events.gone(key);
    },
  });
  void informer.synced.then(() => {
    synced = true;
  });

  const writeStatus = async (key: string): Promise<undefined> => {
    const object = store.get(key);
    if (object === undefined) return;
    const parsed = ModelRegistry.safeParse(object);
    const now = clock();
    const { metadata, status } = Stored.parse(object);
    const session = running.get(key)?.session;
    const next: ModelRegistryStatus | null = parsed.success
      ? session
        ? nextRegistryStatus(parsed.data, session.state(), now)
        : null
      : invalidRegistryStatus(metadata.generation, describe(parsed.error), { before: status, now });
    if (!next || renderCanonicalJson(next) === renderCanonicalJson(status ?? {})) return;
    const { namespace, name, uid } = metadata;
    await cluster.request({
      method: 'PATCH',
      path: `${resourcePath(MODEL_REGISTRIES, { namespace, name })}/status`,
      contentType: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/metadata/uid', value: uid },
        { op: 'add', path: '/status', value: next },
      ],
    });
  };

  return {
    read(key, version: ModelVersion): RegistryContent {
      const registry = version.spec.source?.registry;
      if (registry === undefined) return { kind: 'none' };
      const session = running.get(keyOfRegistry(key, registry))?.session;
      if (session) return session.read(key, version);
      if (!synced && performance.now() - startedAt < LONGEST_UNKNOWN_MS) return { kind: 'pending' };
      return {
        kind: 'unavailable',
        registry,
        problem: `there is no ModelRegistry ${registry} in this namespace that works`,
      };
    },
    observe(key, summary) {
      const name = summary?.registry || undefined;
      const before = named.get(key);
      if (before !== undefined && before !== name)
        running.get(keyOfRegistry(key, before))?.session.observe(key, undefined);
      if (name === undefined) {
        named.delete(key);
        return;
      }
      named.set(key, name);
      running.get(keyOfRegistry(key, name))?.session.observe(key, summary);
    },
    start(versions) {
      source = versions;
      for (const key of store.keys()) begin(key);
      written = statuses.run(writeStatus, stop.signal);
    },
    find(namespace, name) {
      return running.get(`${namespace}/${name}`) ?? null;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await informer[Symbol.asyncDispose]();
      for (const key of [...running.keys()]) end(key);
      await Promise.all([...ending, written]);
    },
  };
}

/** @returns NAMESPACE/NAME of the registry that a version names */
function keyOfRegistry(version: string, name: string): string {
  return `${version.slice(0, version.indexOf('/'))}/${name}`;
}

async function disposeOf(session: RegistrySession): Promise<void> {
  await session[Symbol.asyncDispose]();
}

const Stored = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    generation: z.number().default(1),
  }),
  // Of one that this operator cannot read, it says so anew.
  status: ModelRegistryStatus.optional().catch(undefined),
});

function describe(error: z.ZodError): string {
  return listProblems(error).map(renderProblem).join('; ');
}
