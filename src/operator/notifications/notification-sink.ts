import {
  ModelVersion,
  NOTIFICATION_EVENTS,
  type Notification,
  type NotificationSpec,
  type NotificationStatus,
  nextCondition,
  type SaidCondition,
} from '../../api/index.ts';
import { selectPolicies } from '../../decision/index.ts';
import { createBackoff } from '../../kube/index.ts';
import type { ModelVersionCache } from '../ports.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import type { PostResult } from './post-notification.ts';
import { readNews } from './version-news.ts';

/** One Notification: what it wants, what it has told, and how its receiver is. */
export interface NotificationSink {
  readonly notification: Notification;
  readonly outbox: Outbox;
  /** Not to be asked before this time of `performance.now()`. */
  readonly notBefore: number;
  /** Whether its status should say something else. */
  readonly isStale: boolean;
  /** It was changed, or its status was written. */
  update(notification: Notification): void;
  /** Looks what the version of this key is now. */
  consider(key: string, versions: Pick<ModelVersionCache, 'get'>): void;
  /** @returns how long to wait where it was not taken */
  note(key: string, id: string, at: string, result: PostResult, now: string): number | null;
  /** Its status was not written. */
  keepStale(): void;
  /** @returns what its status shall say from now on */
  takeStatus(now: string): NotificationStatus;
}

const PAUSES = { baseMs: 1_000, maxMs: 300_000 };
/** What becomes of a version. What becomes of a policy is told of all its versions at once, to whoever asks for that. */
const USUAL = NOTIFICATION_EVENTS.filter((event) => event !== 'Error' && event !== 'NotCompliant');

export function createNotificationSink(first: Notification): NotificationSink {
  let notification = first;
  const outbox = createOutbox(first.metadata.creationTimestamp ?? '', first.status);
  const backoff = createBackoff(PAUSES);
  let { delivered = 0, failed = 0, lastDeliveryTime } = first.status ?? {};
  let problem: string | null = null;
  let dropped = 0;
  let notBefore = 0;
  let stale = first.status?.observedGeneration !== first.metadata.generation;

  return {
    get notification() {
      return notification;
    },
    outbox,
    get notBefore() {
      return notBefore;
    },
    get isStale() {
      return stale;
    },
    update(next) {
      const isChanged = next.metadata.generation !== notification.metadata.generation;
      notification = next;
      if (!isChanged) return;
      stale = true;
      notBefore = 0;
      backoff.reset();
    },
    consider(key, versions) {
      const parsed = ModelVersion.safeParse(versions.get(key));
      const { spec } = notification;
      const all = parsed.success && wants(spec, parsed.data) ? readNews(parsed.data) : [];
      const news = all.find(({ event }) => (spec.events ?? USUAL).includes(event));
      if (news) outbox.offer(key, news);
      else outbox.withdraw(key);
      if (outbox.waiting > 0) stale = true;
    },
    note(key, id, at, result, now) {
      stale = true;
      if (result.kind === 'failed') {
        problem = result.message;
        outbox.postpone(key);
        const pauseMs = Math.max(result.retryAfterMs, backoff.nextMs());
        notBefore = performance.now() + pauseMs;
        return pauseMs;
      }
      outbox.settle(key, id, at);
      backoff.reset();
      problem = result.kind === 'refused' ? result.message : null;
      if (result.kind === 'refused') failed += 1;
      else delivered += 1;
      if (result.kind === 'delivered') lastDeliveryTime = now;
      return null;
    },
    keepStale() {
      stale = true;
    },
    takeStatus(now) {
      stale = false;
      failed += outbox.dropped - dropped;
      dropped = outbox.dropped;
      const { metadata, status } = notification;
      const { generation = 1 } = metadata;
      return {
        observedGeneration: generation,
        delivered,
        failed,
        waiting: outbox.waiting,
        ...(lastDeliveryTime === undefined ? {} : { lastDeliveryTime }),
        ...outbox.progress(),
        conditions: [
          nextCondition('Ready', describeReceiver(problem, delivered), {
            before: status?.conditions ?? [],
            now,
            generation,
          }),
        ],
      };
    },
  };
}

function describeReceiver(problem: string | null, delivered: number): SaidCondition {
  if (problem !== null) return { value: 'False', reason: 'DeliveryFailed', message: problem };
  return delivered > 0
    ? { value: 'True', reason: 'Delivered', message: 'the receiver takes what is told' }
    : { value: 'True', reason: 'NothingToTell', message: 'nothing was told yet' };
}

function wants({ match }: NotificationSpec, version: ModelVersion): boolean {
  const namespace = { name: version.metadata.namespace ?? '', labels: {} };
  return selectPolicies(version, namespace, [{ spec: match ? { match } : {} }]).length > 0;
}
