import type { Cluster } from './cluster.ts';
import { REFLECTOR_TIMES, type ReflectorTimes, runReflector } from './reflector.ts';
import type { ResourceType } from './resource-type.ts';
import type { Store } from './store.ts';

/** What happened to one object, as its store sees it. */
export interface Change<Seen> {
  readonly key: string;
  /** Undefined: it is new. */
  readonly old: Seen | undefined;
  /** Undefined: it is gone. */
  readonly now: Seen | undefined;
}

export interface Informer extends AsyncDisposable {
  /** Resolves when the store holds all that is there. */
  readonly synced: Promise<void>;
}

export interface WatchOptions<Seen> {
  readonly cluster: Cluster;
  readonly resource: ResourceType;
  /** Undefined: all. */
  readonly namespaces?: readonly string[];
  /** Only the object of this name. RBAC lets those watch it who may watch nothing but it. */
  readonly name?: string;
  readonly store: Store<Seen>;
  readonly onChange: (change: Change<Seen>) => void;
  /** Told of what went wrong; it is tried again. */
  readonly onProblem: (error: unknown) => void;
  readonly times?: ReflectorTimes;
}

/** Keeps a store in step with the cluster, and tells of every change, until it is disposed of. */
export function watchResource<Seen>(options: WatchOptions<Seen>): Informer {
  const { cluster, resource, store, onChange, onProblem, times = REFLECTOR_TIMES } = options;
  const stop = new AbortController();
  const fieldSelector = options.name === undefined ? undefined : `metadata.name=${options.name}`;

  const remove = (key: string): void => {
    const old = store.seen(key);
    if (old === undefined) return;
    store.delete(key);
    onChange({ key, old, now: undefined });
  };

  const follow = (namespace: string | undefined) => {
    const { promise: synced, resolve } = Promise.withResolvers<void>();
    const belongs = (key: string) => namespace === undefined || key.startsWith(`${namespace}/`);
    const events = {
      onObject(key: string, object: object) {
        const old = store.seen(key);
        onChange({ key, old, now: store.put(key, object) });
      },
      onDeleted: remove,
      onListed(listed: ReadonlySet<string>) {
        for (const key of [...store.keys()]) if (belongs(key) && !listed.has(key)) remove(key);
        resolve();
      },
      onProblem,
    };
    return {
      synced,
      running: runReflector({ cluster, resource, namespace, fieldSelector }, events, stop.signal, times),
    };
  };

  const followed = (options.namespaces ?? [undefined]).map(follow);
  return {
    synced: Promise.all(followed.map(({ synced }) => synced)).then(() => {}),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(followed.map(({ running }) => running));
    },
  };
}
