import { z } from 'zod';
import { SERVED_STAGES, type ServedStage } from '../api/index.ts';
import type { ModelVersionSummary } from './model-version-summary.ts';
import type { ModelVersionCache } from './ports.ts';

/** A version whose content is approved for the stage that it is in. */
export interface ApprovedVersion {
  readonly stage: ServedStage;
  /** '' where its spec has none. */
  readonly digest: string;
  /** When it came to its stage. */
  readonly movedAt: string;
}

/** What a change means for whoever wants to deploy: `closes` is never to wait. */
export type ApprovalChange = 'none' | 'opens' | 'closes';

/** Knows the approved versions of those namespaces that were asked for; the others cost nothing. */
export interface ApprovedVersions {
  /** Told of every change of the cache, after it. */
  observe(key: string, summary: ModelVersionSummary | undefined): ApprovalChange;
  /** @returns the namespace's approved versions by name. */
  of(namespace: string): ReadonlyMap<string, ApprovedVersion>;
  /** Forgets the namespaces that nobody is to ask for any more. */
  keepOnly(isAskedFor: (namespace: string) => boolean): void;
}

export function createApprovedVersions(versions: ModelVersionCache): ApprovedVersions {
  const namespaces = new Map<string, Map<string, ApprovedVersion>>();

  const read = (key: string, summary: ModelVersionSummary | undefined): ApprovedVersion | undefined => {
    const stage = SERVED_STAGES.find((served) => served === summary?.stage);
    if (!summary?.approved || !stage) return undefined;
    return { stage, digest: readDigest(versions.get(key)), movedAt: summary.movedAt };
  };

  return {
    observe(key, summary) {
      const { namespace, name } = splitKey(key);
      const known = namespaces.get(namespace);
      if (!known) return 'none';
      const before = known.get(name);
      const now = read(key, summary);
      if (now) known.set(name, now);
      else known.delete(name);
      if (before && (before.stage !== now?.stage || before.digest !== now.digest)) return 'closes';
      return now && !before ? 'opens' : 'none';
    },
    of(namespace) {
      const known = namespaces.get(namespace) ?? new Map<string, ApprovedVersion>();
      if (namespaces.has(namespace)) return known;
      for (const key of versions.keys()) {
        if (!key.startsWith(`${namespace}/`)) continue;
        const version = read(key, versions.summary(key));
        if (version) known.set(splitKey(key).name, version);
      }
      namespaces.set(namespace, known);
      return known;
    },
    keepOnly(isAskedFor) {
      for (const namespace of namespaces.keys()) if (!isAskedFor(namespace)) namespaces.delete(namespace);
    },
  };
}

const WithDigest = z.object({ spec: z.object({ artifact: z.object({ digest: z.string() }) }) });

function readDigest(object: unknown): string {
  return WithDigest.safeParse(object).data?.spec.artifact.digest ?? '';
}

function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
