/** @returns the labels of a namespace, with the one that the API server puts on each. */
export function labelsOf(name: string, given: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return { 'kubernetes.io/metadata.name': name, ...given };
}
