import type { NotificationStatus } from '../../api/index.ts';
import type { VersionNews } from './version-news.ts';

/** What one Notification has told and has still to tell: the newest of each version, in bounded memory. */
export interface Outbox {
  /** Takes the news, unless it was told already, or is older than the Notification. */
  offer(key: string, news: VersionNews): void;
  /** Nothing more is to be told of the version. */
  withdraw(key: string): void;
  next(): { readonly key: string; readonly news: VersionNews } | undefined;
  /** It was told, or never will be. */
  settle(key: string, id: string, at: string): void;
  /** Lets others come first: this one was not taken. */
  postpone(key: string): void;
  readonly waiting: number;
  /** How many were given up because too many waited. */
  readonly dropped: number;
  /** What a status keeps, so that a restart tells nothing twice. */
  progress(): Required<Pick<NotificationStatus, 'deliveredUntil' | 'recentIds'>>;
}

const MOST_WAITING = 10_000;
const MOST_REMEMBERED = 10_000;
const MOST_KEPT = 256;
/** What is decided reaches its status, and this operator, no later than so. */
const LATE_MS = 300_000;

/** @param since when the Notification was made: what was decided before is no news */
export function createOutbox(since: string, told: NotificationStatus = {}): Outbox {
  const waiting = new Map<string, VersionNews>();
  const remembered = new Set(told.recentIds);
  const beginning = Date.parse(since);
  let until = told.deliveredUntil === undefined ? beginning : Date.parse(told.deliveredUntil);
  let dropped = 0;

  return {
    offer(key, news) {
      // Others may have been told meanwhile that are newer: what waits is not too old by that.
      if (waiting.get(key)?.id === news.id) return void waiting.set(key, news);
      const at = Date.parse(news.at);
      if (at < Math.max(beginning, until - LATE_MS) || remembered.has(news.id)) return void waiting.delete(key);
      waiting.set(key, news);
      if (waiting.size <= MOST_WAITING) return;
      const [oldest] = waiting.keys();
      if (oldest !== undefined) waiting.delete(oldest);
      dropped += 1;
    },
    withdraw: (key) => void waiting.delete(key),
    next() {
      const [first] = waiting;
      return first && { key: first[0], news: first[1] };
    },
    settle(key, id, at) {
      if (waiting.get(key)?.id === id) waiting.delete(key);
      remembered.add(id);
      const [oldest] = remembered;
      if (remembered.size > MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
      until = Math.max(until, Date.parse(at));
    },
    postpone(key) {
      const news = waiting.get(key);
      if (!news) return;
      waiting.delete(key);
      waiting.set(key, news);
    },
    get waiting() {
      return waiting.size;
    },
    get dropped() {
      return dropped;
    },
    progress() {
      let oldest = until;
      // What still waits is not behind the mark.
      for (const { at } of waiting.values()) oldest = Math.min(oldest, Date.parse(at));
      return { deliveredUntil: new Date(oldest).toISOString(), recentIds: [...remembered].slice(-MOST_KEPT) };
    },
  };
}
