import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { createByteSlots } from './byte-slots.ts';

/** Keeps the objects of one kind by key: NAMESPACE/NAME, or NAME. What a listener is told of each is `Seen`. */
export interface Store<Seen> {
  put(key: string, object: object): Seen;
  delete(key: string): void;
  seen(key: string): Seen | undefined;
  keys(): Iterable<string>;
  readonly size: number;
}

/** @returns a store that keeps objects as they are: for kinds of which there are few. */
export function createPlainStore(): Store<object> & { get(key: string): object | undefined } {
  const objects = new Map<string, object>();
  return {
    put(key, object) {
      objects.set(key, object);
      return object;
    },
    delete: (key) => void objects.delete(key),
    seen: (key) => objects.get(key),
    get: (key) => objects.get(key),
    keys: () => objects.keys(),
    get size() {
      return objects.size;
    },
  };
}

export interface CompactStore<Summary> extends Store<Summary> {
  /** @returns the object, unpacked: 10 µs and more, each time. */
  get(key: string): object | undefined;
  summary(key: string): Summary | undefined;
  summaries(): Iterable<readonly [key: string, summary: Summary]>;
}

interface CompactStoreOptions<Summary> {
  /** What of each object is kept at hand. */
  readonly summarize: (object: object) => Summary;
  /** A typical object: the more the others are like it, the smaller they get. */
  readonly typical: object;
}

/**
 * @returns a store for kinds of which there may be a hundred thousand: of each object a summary stays at hand, the rest
 * is deflated against a typical one (3 KB become some 600 bytes in 30 µs) and kept outside the JavaScript heap
 */
export function createCompactStore<Summary>(options: CompactStoreOptions<Summary>): CompactStore<Summary> {
  const entries = new Map<string, { readonly summary: Summary; readonly slot: number }>();
  const dictionary = Buffer.from(JSON.stringify(options.typical)).subarray(-WINDOW_BYTES);
  const slots = createByteSlots();

  const remove = (key: string): void => {
    const entry = entries.get(key);
    if (!entry) return;
    slots.free(entry.slot);
    entries.delete(key);
  };

  return {
    put(key, object) {
      const summary = options.summarize(object);
      remove(key);
      const slot = slots.store(deflateRawSync(JSON.stringify(object), { ...PACKING, dictionary }));
      entries.set(key, { summary, slot });
      return summary;
    },
    delete: remove,
    seen: (key) => entries.get(key)?.summary,
    summary: (key) => entries.get(key)?.summary,
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const unpacked = inflateRawSync(slots.read(entry.slot), { ...PACKING, dictionary });
      return JSON.parse(unpacked.toString('utf8'));
    },
    *summaries() {
      for (const [key, { summary }] of entries) yield [key, summary];
    },
    keys: () => entries.keys(),
    get size() {
      return entries.size;
    },
  };
}

const WINDOW_BITS = 13;
const WINDOW_BYTES = 2 ** WINDOW_BITS;
// Small windows: an object is a few KB, and each call allocates its window anew.
const PACKING = { level: 6, windowBits: WINDOW_BITS, memLevel: 5, chunkSize: 4_096 } as const;
