import type { AttestationSource } from '../api/index.ts';
import { digestBytes } from '../decision/index.ts';
import type { EvidenceReader } from './ports.ts';

/** What attestations hold that stand outside the versions, fetched on first need and kept by digest. */
export type EvidenceStore = EvidenceReader & AsyncDisposable;

/**
 * Fetches an envelope, at most so many bytes of it.
 *
 * @throws where it cannot: the message says why, for people
 */
export type FetchEvidence = (source: AttestationSource, namespace: string, signal: AbortSignal) => Promise<Uint8Array>;

interface EvidenceStoreOptions {
  readonly fetch: FetchEvidence;
  /** Whether the version is still to be decided. */
  readonly isWaiting: (key: string) => boolean;
  readonly onNews: (key: string) => void;
  readonly nowMs?: () => number;
}

/** One envelope that is asked for and not had yet. */
interface Wanted {
  readonly source: AttestationSource;
  /** Of the version that asked first. */
  readonly namespace: string;
  readonly askers: Set<string>;
  readonly sinceMs: number;
  problem: string | null;
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

const MOST_BYTES = 32 * 1024 * 1024;
/** Versions may name as many addresses as they like; beyond this the namespace's oldest are forgotten, and asked anew. */
const MOST_WANTED = 500;
const AT_ONCE = 4;
/** Whoever names servers that never answer holds up their own namespace, and not the next one. */
const AT_ONCE_OF_A_NAMESPACE = 2;
/** A version is not kept waiting for its evidence for longer: it is decided without, and again when it is there. */
const LONGEST_PENDING_MS = 20_000;
const RETRY = { firstMs: 5_000, longestMs: 600_000 };

export function createEvidenceStore(options: EvidenceStoreOptions): EvidenceStore {
  const { fetch, isWaiting, onNews, nowMs = Date.now } = options;
  const kept = new Map<string, Uint8Array>();
  const wanted = new Map<string, Wanted>();
  /** By namespace, the one whose turn it is first. */
  const queues = new Map<string, Set<string>>();
  const running = new Map<Promise<void>, string>();
  const stop = new AbortController();
  let keptBytes = 0;

  const keep = (digest: string, bytes: Uint8Array): void => {
    kept.set(digest, bytes);
    keptBytes += bytes.length;
    for (const [oldest, old] of kept) {
      if (keptBytes <= MOST_BYTES) break;
      kept.delete(oldest);
      keptBytes -= old.length;
    }
  };

  const fetchOne = async (id: string): Promise<void> => {
    const want = wanted.get(id);
    if (!want) return;
    const { source, namespace, askers } = want;
    if (want.failures > 0 && !stillWaits(askers)) {
      wanted.delete(id);
      return;
    }
    try {
      const bytes = await fetch(source, namespace, stop.signal);
      const found = digestBytes(bytes);
      if (source.digest !== undefined && source.digest !== found)
        throw new Error(`what is there has the digest ${found}, and ${source.digest} is asked for`);
      keep(found, bytes);
      wanted.delete(id);
    } catch (error) {
      if (stop.signal.aborted) return;
      want.problem = error instanceof Error ? error.message : String(error);
      const delayMs = Math.min(RETRY.longestMs, RETRY.firstMs * 2 ** want.failures++);
      want.timer = setTimeout(() => enqueue(namespace, id), delayMs).unref();
    }
    for (const key of askers) onNews(key);
  };

  /** Forgets who was decided or deleted since. What stands is reviewed without, and asks again at the next review. */
  const stillWaits = (askers: Set<string>): boolean => {
    for (const key of askers) if (!isWaiting(key)) askers.delete(key);
    return askers.size > 0;
  };

  const takeNext = (): { readonly namespace: string; readonly id: string } | null => {
    for (const [namespace, queue] of queues) {
      const busy = [...running.values()].filter((other) => other === namespace).length;
      const [id] = busy < AT_ONCE_OF_A_NAMESPACE ? queue : [];
      if (id === undefined) continue;
      queue.delete(id);
      queues.delete(namespace);
      if (queue.size > 0) queues.set(namespace, queue);
      return { namespace, id };
    }
    return null;
  };

  const startFetches = (): void => {
    while (running.size < AT_ONCE && !stop.signal.aborted) {
      const next = takeNext();
      if (!next) return;
      const one = fetchOne(next.id).finally(() => {
        running.delete(one);
        startFetches();
      });
      running.set(one, next.namespace);
    }
  };

  const enqueue = (namespace: string, id: string): void => {
    const queue = queues.get(namespace) ?? new Set<string>();
    queue.add(id);
    queues.set(namespace, queue);
    startFetches();
  };

  const want = (id: string, source: AttestationSource, namespace: string): Wanted => {
    const known = wanted.get(id);
    if (known) return known;
    forgetOldest(namespace);
    const waiting = { problem: null, failures: 0, timer: undefined };
    const fresh: Wanted = { source, namespace, askers: new Set(), sinceMs: nowMs(), ...waiting };
    wanted.set(id, fresh);
    enqueue(namespace, id);
    return fresh;
  };

  const forgetOldest = (namespace: string): void => {
    const own = [...wanted].filter(([, other]) => other.namespace === namespace);
    for (const [id, { timer }] of own.slice(0, Math.max(0, own.length - MOST_WANTED + 1))) {
      clearTimeout(timer);
      wanted.delete(id);
      queues.get(namespace)?.delete(id);
    }
  };

  return {
    read(key, source, namespace) {
      const bytes = source.digest === undefined ? undefined : kept.get(source.digest);
      if (bytes) return { kind: 'bytes', bytes };
      const asked = want(identify(source, namespace), source, namespace);
      asked.askers.add(key);
      if (asked.problem !== null) return { kind: 'unavailable', problem: asked.problem };
      if (nowMs() - asked.sinceMs < LONGEST_PENDING_MS) return { kind: 'pending' };
      return { kind: 'unavailable', problem: 'it is still being fetched' };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      for (const { timer } of wanted.values()) clearTimeout(timer);
      await Promise.all(running.keys());
    },
  };
}

/** A ConfigMap is that of the version's own namespace; an address is the same for all. */
function identify({ configMap, uri, digest }: AttestationSource, namespace: string): string {
  return JSON.stringify(configMap ? [namespace, configMap.name, configMap.key, digest] : [uri, digest]);
}
