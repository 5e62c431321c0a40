import { addAbortSignal } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createBackoff } from './backoff.ts';
import type { Cluster } from './cluster.ts';
import { KubeApiError } from './kube-api-error.ts';
import { listPages, readListVersion, type Selection, selectorQuery, withoutManagedFields } from './list-pages.ts';
import { type ResourceType, resourcePath } from './resource-type.ts';
import { isOlder } from './resource-version.ts';
import { readLines } from './watch-lines.ts';

/** What a reflector tells of the objects of one collection. */
export interface ReflectorEvents {
  onObject(key: string, object: object): void;
  onDeleted(key: string): void;
  /** A whole list was read: what is not among these keys is gone. */
  onListed(keys: ReadonlySet<string>): void;
  /** The connection failed or was refused; it is tried again. */
  onProblem(error: unknown): void;
}

export interface ReflectorTimes {
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** How long the server lets a watch last; between this and twice as long, so that not all end at once. */
  readonly watchSeconds: number;
  /** How long after that the client waits before it takes the connection for dead. */
  readonly graceMs: number;
  /** Without a byte for this long, the connection is taken for dead; the server sends a bookmark each minute. */
  readonly silenceMs: number;
}

export const REFLECTOR_TIMES: ReflectorTimes = {
  backoffBaseMs: 200,
  backoffMaxMs: 30_000,
  watchSeconds: 240,
  graceMs: 10_000,
  silenceMs: 150_000,
};

/** A watch that ends sooner, and has told nothing, has failed. */
const SHORTEST_MS = 1_000;

const ObjectMeta = z.object({
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional(), resourceVersion: z.string() }),
});

const WatchEvent = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.custom<object>((object) => typeof object === 'object' && object !== null),
});

const ErrorStatus = z.object({ code: z.number().default(0), message: z.string().default('') });

interface Collection extends Selection {
  readonly cluster: Cluster;
  readonly resource: ResourceType;
}

/**
 * Follows one collection until `signal`: lists it page by page, then watches it from where the list ended. A watch that
 * ends, fails, falls silent or is too old is taken up again, after a wait that grows while it keeps failing.
 */
export async function runReflector(
  collection: Collection,
  events: ReflectorEvents,
  signal: AbortSignal,
  times: ReflectorTimes = REFLECTOR_TIMES,
): Promise<void> {
  const backoff = createBackoff({ baseMs: times.backoffBaseMs, maxMs: times.backoffMaxMs });
  let resourceVersion: string | undefined;
  let broken = false;
  while (!signal.aborted) {
    try {
      if (broken && resourceVersion !== undefined && (await isBehind(collection, resourceVersion, signal)))
        resourceVersion = undefined;
      broken = false;
      resourceVersion ??= await list(collection, events, signal);
      resourceVersion = await watch(collection, resourceVersion, events, signal, times, backoff.reset);
    } catch (error) {
      if (signal.aborted) return;
      broken = true;
      if (error instanceof StaleWatch) resourceVersion = error.resourceVersion;
      const cause = error instanceof StaleWatch ? error.cause : error;
      // The server has forgotten where we were, or told what cannot be read: only a list says what is there now.
      if (
        !(error instanceof StaleWatch) ||
        (cause instanceof KubeApiError && cause.code === 'gone') ||
        isUnreadable(cause)
      )
        resourceVersion = undefined;
      events.onProblem(cause);
      const askedMs = cause instanceof KubeApiError ? (cause.retryAfterMs ?? 0) : 0;
      await sleep(Math.max(askedMs, backoff.nextMs()), undefined, { signal, ref: false }).catch(() => {});
    }
  }
}

/**
 * Whether the server's own version is older than what a watch has seen: a cluster that was restored from a backup counts from
 * there, and tells a watch nothing, not even a bookmark, before it has come past the old version again.
 */
async function isBehind(collection: Collection, seen: string, signal: AbortSignal): Promise<boolean> {
  const { cluster, resource } = collection;
  try {
    return isOlder(await readListVersion(cluster, resource, collection, signal), seen);
  } catch (error) {
    throw new StaleWatch(seen, error);
  }
}

/** A watch that failed: what came before it holds, so the next one goes on from there. */
class StaleWatch extends Error {
  override readonly name = 'StaleWatch';
  readonly resourceVersion: string;

  constructor(resourceVersion: string, cause: unknown) {
    super('the watch failed', { cause });
    this.resourceVersion = resourceVersion;
  }
}

async function list(collection: Collection, events: ReflectorEvents, signal: AbortSignal): Promise<string> {
  const { cluster, resource } = collection;
  const keys = new Set<string>();
  let listed = '';
  for await (const { resourceVersion, items } of listPages(cluster, resource, collection, signal)) {
    listed = resourceVersion;
    for (const item of items) {
      const { key } = identify(item);
      keys.add(key);
      events.onObject(key, item);
    }
  }
  events.onListed(keys);
  return listed;
}

async function watch(
  collection: Collection,
  from: string,
  events: ReflectorEvents,
  signal: AbortSignal,
  times: ReflectorTimes,
  onHealthy: () => void,
): Promise<string> {
  const { cluster, resource, namespace } = collection;
  const seconds = Math.ceil(times.watchSeconds * (1 + Math.random()));
  const path = resourcePath(resource, { namespace });
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(seconds),
    resourceVersion: from,
    ...selectorQuery(collection),
  };
  const dead = new AbortController();
  const end = (why: string): void => dead.abort(new KubeApiError('timeout', `watch of ${resource.plural}: ${why}`));
  const over = setTimeout(end, seconds * 1_000 + times.graceMs, 'the server did not end it in time');
  const silent = setTimeout(end, times.silenceMs, `nothing for ${times.silenceMs} ms, not even a bookmark`);
  let resourceVersion = from;
  const startedAt = performance.now();
  try {
    const either = AbortSignal.any([signal, dead.signal]);
    const response = await cluster.stream({ method: 'GET', path, query, signal: either });
    // A body must be ended by hand: the request's signal does not reach an answer that nobody reads at the moment.
    addAbortSignal(either, response);
    response.on('data', () => silent.refresh());
    response.pause();
    for await (const line of readLines(response)) {
      if (line === '') continue;
      const { type, object } = WatchEvent.parse(JSON.parse(line));
      if (type === 'ERROR') throw toWatchError(resource, object);
      const { key, resourceVersion: seen } = type === 'BOOKMARK' ? identifyBookmark(object) : identify(object);
      if (type === 'DELETED') events.onDeleted(key);
      else if (type !== 'BOOKMARK') events.onObject(key, withoutManagedFields(object));
      resourceVersion = seen;
      onHealthy();
    }
    // No server is asked for so short a watch: without a wait it would be asked again and again.
    if (resourceVersion === from && performance.now() - startedAt < SHORTEST_MS)
      throw new KubeApiError('server', `watch of ${resource.plural}: the server ended it at once, without a word`);
    return resourceVersion;
  } catch (error) {
    throw new StaleWatch(resourceVersion, dead.signal.aborted ? dead.signal.reason : toFault(resource, error));
  } finally {
    clearTimeout(over);
    clearTimeout(silent);
  }
}

/** What breaks a connection in the middle says neither where it led nor what for. */
function toFault({ plural }: ResourceType, error: unknown): unknown {
  if (error instanceof KubeApiError || isUnreadable(error)) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new KubeApiError('unreachable', `watch of ${plural}: the connection broke: ${why}`, { cause: error });
}

function isUnreadable(error: unknown): boolean {
  return error instanceof z.ZodError || error instanceof SyntaxError || error instanceof RangeError;
}

function toWatchError(resource: ResourceType, object: object): KubeApiError {
  const { code, message } = ErrorStatus.parse(object);
  return new KubeApiError(code === 410 ? 'gone' : 'server', `watch of ${resource.plural}: ${message}`, {
    status: code,
  });
}

function identify(object: object): { readonly key: string; readonly resourceVersion: string } {
  const { name, namespace, resourceVersion } = ObjectMeta.parse(object).metadata;
  return { key: namespace === undefined ? name : `${namespace}/${name}`, resourceVersion };
}

const Bookmark = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

function identifyBookmark(object: object): { readonly key: string; readonly resourceVersion: string } {
  return { key: '', resourceVersion: Bookmark.parse(object).metadata.resourceVersion };
}
