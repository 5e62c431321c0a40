import { z } from 'zod';
import type { Cluster } from './cluster.ts';
import { apiVersionOf, type ResourceType, resourcePath } from './resource-type.ts';

/** Which objects of a kind are meant. */
export interface Selection {
  /** Undefined: all. */
  readonly namespace?: string | undefined;
  /** In the API server's words: `team=risk,tier!=test`. */
  readonly labelSelector?: string | undefined;
  /** The API server knows few fields of our kinds: `metadata.name` is one. */
  readonly fieldSelector?: string | undefined;
}

/** A piece of a list, of the one moment that `resourceVersion` names. */
export interface Page {
  readonly resourceVersion: string;
  /** Each with its kind, which the API server leaves out, and without managedFields. */
  readonly items: readonly object[];
}

const PAGE = 500;

const ListAnswer = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.custom<object>((item) => typeof item === 'object' && item !== null)),
});

/**
 * Reads a list page by page, so that neither side ever holds more than a page of it.
 *
 * @throws KubeApiError `gone` where the reader took so long that the server has forgotten the list's moment
 */
export async function* listPages(
  cluster: Cluster,
  resource: ResourceType,
  selection: Selection = {},
  signal?: AbortSignal,
): AsyncGenerator<Page> {
  const path = resourcePath(resource, { namespace: selection.namespace });
  let token: string | undefined;
  do {
    const query = {
      limit: String(PAGE),
      ...selectorQuery(selection),
      ...(token === undefined ? {} : { continue: token }),
    };
    const answer = await cluster.request({ method: 'GET', path, query, ...(signal ? { signal } : {}) });
    const { metadata, items } = ListAnswer.parse(answer);
    const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    yield {
      resourceVersion: metadata.resourceVersion,
      items: items.map((item) => withoutManagedFields({ ...type, ...item })),
    };
    token = metadata.continue;
  } while (token);
}

/** @returns the resourceVersion at which the server is now. */
export async function readListVersion(
  cluster: Cluster,
  resource: ResourceType,
  selection: Selection,
  signal?: AbortSignal,
): Promise<string> {
  const path = resourcePath(resource, { namespace: selection.namespace });
  const query = { limit: '1', ...selectorQuery(selection) };
  const timeoutMs = 5_000;
  const answer = await cluster.request({ method: 'GET', path, query, timeoutMs, ...(signal ? { signal } : {}) });
  return ListAnswer.parse(answer).metadata.resourceVersion;
}

/** @returns the part of a request's query that lists and watches share. */
export function selectorQuery({ labelSelector, fieldSelector }: Selection): Readonly<Record<string, string>> {
  return { ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) };
}

/** managedFields are often larger than the object, and nobody here reads them. */
export function withoutManagedFields(object: object): object {
  if (
    'metadata' in object &&
    typeof object.metadata === 'object' &&
    object.metadata !== null &&
    'managedFields' in object.metadata
  )
    delete object.metadata.managedFields;
  return object;
}
