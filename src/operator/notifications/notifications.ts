import { Notification } from '../../api/index.ts';
import type { AddressGuard } from '../../distribution/index.ts';
import {
  type Cluster,
  createPlainStore,
  createWorkQueue,
  KubeApiError,
  updateStatus,
  type WorkResult,
  watchResource,
} from '../../kube/index.ts';
import type { OperatorEvents } from '../../telemetry/index.ts';
import { namespaceOf, refOf } from '../object-ref.ts';
import type { Clock, ModelVersionCache } from '../ports.ts';
import { NOTIFICATIONS } from '../resources.ts';
import { createNotificationSink, type NotificationSink } from './notification-sink.ts';
import { postNotification } from './post-notification.ts';
import { renderNotification } from './render-notification.ts';

export interface Notifications extends AsyncDisposable {
  /** Told of every change of the versions; does next to nothing, so that no decision waits for it. */
  observe(version: string): void;
  /** Tells what there is to tell, once the versions are known. Resolves after `signal`. */
  run(signal: AbortSignal): Promise<void>;
}

interface NotificationsOptions {
  readonly cluster: Cluster;
  readonly versions: ModelVersionCache;
  /** Undefined: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** Whoever writes a Notification names an address that the operator asks. */
  readonly guard: AddressGuard;
  readonly events: Pick<
    OperatorEvents,
    'connectionProblem' | 'reconcileFailed' | 'notificationDelivered' | 'notificationFailed' | 'notificationGone'
  >;
  readonly clock: Clock;
}

interface Kept {
  readonly sink: NotificationSink;
  /** Versions to look at. */
  readonly changed: Set<string>;
  writtenAt: number;
}

/** Receivers asked at once: slow ones hold up each other, and nothing else. */
const WORKERS = 8;
/** Versions looked at before anything else may run. */
const AT_ONCE = 100;
/** How often a status is written at most. */
const WRITE_MS = 2_000;

export function createNotifications(options: NotificationsOptions): Notifications {
  const { cluster, versions, namespaces, guard, events, clock } = options;
  /** By namespace, then by key. */
  const kept = new Map<string, Map<string, Kept>>();
  const queue = createWorkQueue({ workers: WORKERS, onError: events.reconcileFailed });

  const informer = watchResource({
    cluster,
    resource: NOTIFICATIONS,
    ...(namespaces ? { namespaces } : {}),
    store: createPlainStore(),
    onProblem: (error) => events.connectionProblem(NOTIFICATIONS.plural, error),
    onChange: ({ key, now }) => {
      const namespace = namespaceOf(key);
      const parsed = Notification.safeParse(now);
      const there = kept.get(namespace) ?? new Map<string, Kept>();
      const known = there.get(key);
      // The API server checks what is written: what cannot be read was written for another version of this program.
      if (!parsed.success) {
        there.delete(key);
        if (there.size === 0) kept.delete(namespace);
        if (now === undefined) events.notificationGone(key);
        return;
      }
      const { metadata } = parsed.data;
      const before = known?.sink.notification.metadata;
      const isSame = before?.uid === metadata.uid;
      const changed = isSame && before?.generation === metadata.generation ? [] : keysOf(namespace, versions);
      if (known && isSame) known.sink.update(parsed.data);
      const entry =
        known && isSame
          ? known
          : { sink: createNotificationSink(parsed.data), changed: new Set<string>(), writtenAt: 0 };
      for (const version of changed) entry.changed.add(version);
      kept.set(namespace, there.set(key, entry));
      queue.add(key);
    },
  });

  const work = async (key: string, signal: AbortSignal): Promise<WorkResult | undefined> => {
    const namespace = namespaceOf(key);
    const found = kept.get(namespace)?.get(key);
    if (!found) return undefined;
    const { sink, changed } = found;
    for (const version of [...changed].slice(0, AT_ONCE)) {
      changed.delete(version);
      sink.consider(version, versions);
    }
    const pauseMs = Math.max(0, sink.notBefore - performance.now());
    const next = changed.size > 0 || pauseMs > 0 ? undefined : sink.outbox.next();
    if (next) {
      const { news } = next;
      const { spec } = sink.notification;
      const result = await postNotification(renderNotification(news, spec), spec, {
        cluster,
        namespace,
        guard,
        signal,
      });
      if (signal.aborted && result.kind === 'failed') return undefined;
      // Deleted meanwhile: nobody is to count for it again.
      if (kept.get(namespace)?.get(key) !== found) return undefined;
      const retryInMs = sink.note(next.key, news.id, news.at, result, clock());
      if (result.kind === 'delivered') events.notificationDelivered(key);
      else events.notificationFailed(key, result.message, retryInMs);
    }
    const writeInMs = await write(found);
    const more = changed.size > 0 || sink.outbox.waiting > 0;
    const againMs = more ? Math.max(0, changed.size > 0 ? 0 : sink.notBefore - performance.now()) : undefined;
    const times = [againMs, writeInMs].filter((time) => time !== undefined);
    return times.length > 0 ? { requeueAfterMs: Math.min(...times) } : undefined;
  };

  /** @returns when to write, where it is too early */
  const write = async (entry: Kept, evenIfEarly = false): Promise<number | undefined> => {
    const { sink } = entry;
    if (!sink.isStale) return undefined;
    const earlyMs = entry.writtenAt === 0 ? 0 : entry.writtenAt + WRITE_MS - performance.now();
    if (earlyMs > 0 && !evenIfEarly) return earlyMs;
    entry.writtenAt = performance.now();
    const { notification } = sink;
    try {
      const status = sink.takeStatus(clock());
      const resourceVersion = await updateStatus(cluster, NOTIFICATIONS, refOf(notification.metadata), status);
      const metadata = { ...notification.metadata, resourceVersion };
      if (sink.notification === notification) sink.update({ ...notification, metadata, status });
      return undefined;
    } catch (error) {
      if (error instanceof KubeApiError && error.code === 'not-found') return undefined;
      sink.keepStale();
      // Changed meanwhile, of which the watch tells.
      if (error instanceof KubeApiError && error.code === 'conflict') return WRITE_MS;
      throw error;
    }
  };

  return {
    observe(version) {
      const there = kept.get(namespaceOf(version));
      if (!there) return;
      for (const [key, { changed }] of there) {
        changed.add(version);
        queue.add(key);
      }
    },
    run: (signal) => queue.run((key) => work(key, signal), signal),
    async [Symbol.asyncDispose]() {
      await informer[Symbol.asyncDispose]();
      // An operator that ends in order leaves nothing that the next one would tell again.
      const entries = [...kept.values()].flatMap((there) => [...there.values()]);
      await Promise.allSettled(entries.map((entry) => write(entry, true)));
    },
  };
}

function* keysOf(namespace: string, versions: ModelVersionCache): Iterable<string> {
  for (const key of versions.keys()) if (namespaceOf(key) === namespace) yield key;
}
