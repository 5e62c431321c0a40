import { createHash } from 'node:crypto';
import type { AttestationSource } from '../api/index.ts';
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
  readonly onNews: (key: string) => void;
}

/** One envelope that is asked for and not had yet. */
interface Wanted {
  readonly source: AttestationSource;
  readonly namespace: string;
  readonly askers: Set<string>;
  problem: string | null;
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

const MOST_BYTES = 32 * 1024 * 1024;
/** Versions may name as many addresses as they like; beyond this the oldest are forgotten, and asked for anew. */
const MOST_WANTED = 2_000;
const AT_ONCE = 4;
const RETRY = { firstMs: 5_000, longestMs: 600_000 };

export function createEvidenceStore({ fetch, onNews }: EvidenceStoreOptions): EvidenceStore {
  const kept = new Map<string, Uint8Array>();
  const wanted = new Map<string, Wanted>();
  const waiting: string[] = [];
  const running = new Set<Promise<void>>();
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
      want.timer = setTimeout(() => enqueue(id), delayMs).unref();
    }
    for (const key of askers) onNews(key);
  };

  const enqueue = (id: string): void => {
    waiting.push(id);
    while (running.size < AT_ONCE) {
      const next = waiting.shift();
      if (next === undefined || stop.signal.aborted) return;
      const one = fetchOne(next).finally(() => {
        running.delete(one);
        const after = waiting.shift();
        if (after !== undefined) enqueue(after);
      });
      running.add(one);
    }
  };

  const want = (id: string, source: AttestationSource, namespace: string): Wanted => {
    const known = wanted.get(id);
    if (known) return known;
    for (const [oldest, { timer }] of wanted) {
      if (wanted.size < MOST_WANTED) break;
      clearTimeout(timer);
      wanted.delete(oldest);
    }
    const fresh: Wanted = { source, namespace, askers: new Set(), problem: null, failures: 0, timer: undefined };
    wanted.set(id, fresh);
    enqueue(id);
    return fresh;
  };

  return {
    read(key, source, namespace) {
      const bytes = source.digest === undefined ? undefined : kept.get(source.digest);
      if (bytes) return { kind: 'bytes', bytes };
      const asked = want(identify(source, namespace), source, namespace);
      asked.askers.add(key);
      return asked.problem === null ? { kind: 'pending' } : { kind: 'unavailable', problem: asked.problem };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      for (const { timer } of wanted.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}

/** A ConfigMap is that of the version's own namespace; an address is the same for all. */
function identify({ configMap, uri, digest }: AttestationSource, namespace: string): string {
  return JSON.stringify(configMap ? [namespace, configMap.name, configMap.key, digest] : [uri, digest]);
}

function digestBytes(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
