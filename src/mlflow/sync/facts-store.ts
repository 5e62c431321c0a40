import type { ModelVersion } from '../../api/index.ts';
import type { RegistryContent } from '../../decision/index.ts';
import { createWorkQueue } from '../../kube/index.ts';
import { RegistryError } from '../client/index.ts';
import type { VersionFacts } from './read-facts.ts';

/** What one registry's runs say, read on first need and again as long as somebody waits for it. */
export interface FactsStore {
  read(key: string, version: ModelVersion): Exclude<RegistryContent, { kind: 'none' }>;
  /** What an import has read already need not be read again. */
  put(facts: VersionFacts): void;
  /** Reads again what versions still wait for, and forgets the rest. */
  refresh(): void;
  run(signal: AbortSignal): Promise<void>;
}

interface FactsStoreOptions {
  readonly registry: string;
  /** How old facts may be that a decision is made from. */
  readonly freshMs: number;
  /** @throws RegistryError */
  readonly fetch: (model: string, version: string) => Promise<VersionFacts>;
  readonly isWaiting: (key: string) => boolean;
  /** Told when the facts of a version are known, or are others than before. */
  readonly onNews: (key: string) => void;
  /** What follows from them outside is done before the next look. */
  readonly onFacts: (key: string, facts: VersionFacts) => Promise<void>;
  readonly onProblem: (error: unknown) => void;
  readonly nowMs?: () => number;
}

interface Entry {
  readonly model: string;
  readonly version: string;
  readonly askers: Set<string>;
  facts: VersionFacts | null;
  /** Why there are none. */
  problem: string | null;
  /** When the registry last said something about it. */
  readAtMs: number;
}

/** At once: a registry that answers slowly holds up those who wait for it, and nobody else. */
const READERS = 8;
const BACKOFF = { baseMs: 1_000, maxMs: 60_000 };

export function createFactsStore(options: FactsStoreOptions): FactsStore {
  const { registry, freshMs, nowMs = () => performance.now() } = options;
  const entries = new Map<string, Entry>();
  const queue = createWorkQueue({
    workers: READERS,
    onError: (_, error) => options.onProblem(error),
    backoff: BACKOFF,
  });

  const settle = (entry: Entry, next: Pick<Entry, 'facts' | 'problem'>): void => {
    const before = JSON.stringify([describe(entry.facts), entry.problem]);
    Object.assign(entry, next, { readAtMs: nowMs() });
    if (JSON.stringify([describe(entry.facts), entry.problem]) === before) return;
    for (const key of entry.askers) options.onNews(key);
  };

  const fetchOne = async (id: string): Promise<undefined> => {
    const entry = entries.get(id);
    if (!entry) return;
    let facts: VersionFacts;
    try {
      facts = await options.fetch(entry.model, entry.version);
      settle(entry, { facts, problem: null });
    } catch (error) {
      // Old facts are none: whoever stopped the registry must not have them stand.
      settle(entry, { facts: null, problem: error instanceof Error ? error.message : String(error) });
      if (!(error instanceof RegistryError && error.code === 'not-found')) throw error;
      return;
    }
    for (const key of entry.askers) await options.onFacts(key, facts);
  };

  const find = (model: string, version: string): Entry => {
    const id = identify(model, version);
    const known = entries.get(id);
    if (known) return known;
    const entry: Entry = {
      model,
      version,
      askers: new Set(),
      facts: null,
      problem: null,
      readAtMs: Number.NEGATIVE_INFINITY,
    };
    entries.set(id, entry);
    return entry;
  };

  return {
    read(key, { spec: { model, version } }) {
      const entry = find(model, version);
      entry.askers.add(key);
      const old = nowMs() - entry.readAtMs > freshMs;
      if (old) queue.add(identify(model, version));
      if (entry.facts && !old) return { kind: 'found', registry, facts: toRegistryFacts(entry.facts) };
      if (entry.problem !== null) return { kind: 'unavailable', registry, problem: entry.problem };
      return { kind: 'pending' };
    },
    put(facts) {
      const { model, version } = facts.registered;
      settle(find(model, version), { facts, problem: null });
    },
    refresh() {
      for (const [id, { askers }] of entries) {
        if ([...askers].some(options.isWaiting)) queue.add(id);
        else entries.delete(id);
      }
    },
    run: (signal) => queue.run(fetchOne, signal),
  };
}

function identify(model: string, version: string): string {
  return JSON.stringify([model, version]);
}

/** What a policy sees of them. */
function describe(facts: VersionFacts | null): unknown {
  return facts && [facts.url, facts.runId, facts.metrics];
}

function toRegistryFacts({ url, runId, metrics, readAt }: VersionFacts) {
  return { url, runId, metrics, readAt };
}
