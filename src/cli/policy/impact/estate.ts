import type { NamespaceCache, VersionCollection } from '../../../operator/index.ts';

/** What the policies would judge: versions with their surroundings, as they were at one moment. */
export interface Estate {
  readonly collection: VersionCollection;
  readonly namespaces: NamespaceCache;
}
