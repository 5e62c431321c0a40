/** A kind as the API server serves it. */
export interface ResourceType {
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name?: string;
}

/** @returns the REST path of a collection, or of one object in it. */
export function resourcePath({ group, version, plural }: ResourceType, { namespace, name }: ObjectName = {}): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${within}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

export function apiVersionOf({ group, version }: ResourceType): string {
  return group === '' ? version : `${group}/${version}`;
}
