import { z } from 'zod';
import { LABELS } from '../api/index.ts';

/** Which namespaces are guarded, and where the models are that each of them serves. */
export interface GuardedNamespaces {
  /** Told of every change of the cache; undefined: the namespace is gone. */
  observe(name: string, namespace: unknown): void;
  /** @returns undefined where the namespace is not guarded */
  modelNamespace(name: string): string | undefined;
  /** @returns the guarded namespaces that serve models of this one. */
  servedFrom(modelNamespace: string): Iterable<string>;
  names(): Iterable<string>;
}

const Namespace = z.object({
  metadata: z.object({
    labels: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
});

export function createGuardedNamespaces(): GuardedNamespaces {
  const sources = new Map<string, string>();
  const served = new Map<string, Set<string>>();

  const forget = (name: string): void => {
    const source = sources.get(name);
    if (source === undefined) return;
    sources.delete(name);
    const names = served.get(source);
    names?.delete(name);
    if (names?.size === 0) served.delete(source);
  };

  return {
    observe(name, namespace) {
      forget(name);
      const { labels, deletionTimestamp } = Namespace.parse(namespace ?? { metadata: {} }).metadata;
      // Nothing can be created any more in a namespace that is on its way out.
      if (labels[LABELS.stage] === undefined || deletionTimestamp !== undefined) return;
      const source = labels[LABELS.modelNamespace] ?? name;
      sources.set(name, source);
      served.set(source, (served.get(source) ?? new Set()).add(name));
    },
    modelNamespace: (name) => sources.get(name),
    servedFrom: (modelNamespace) => served.get(modelNamespace) ?? [],
    names: () => sources.keys(),
  };
}
