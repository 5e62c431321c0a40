import type { NamespaceCache, VersionCollection } from '../../../operator/index.ts';

/** What the policies would judge: versions with their surroundings, as they were at one moment. */
export interface Estate {
  readonly collection: VersionCollection;
  readonly namespaces: NamespaceCache;
}

/** @returns the labels of a namespace, with the one that the API server puts on each. */
export function labelsOf(name: string, given: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return { 'kubernetes.io/metadata.name': name, ...given };
}
