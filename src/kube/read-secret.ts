import { z } from 'zod';
import type { Cluster } from './cluster.ts';
import { type ResourceType, resourcePath } from './resource-type.ts';

const SECRETS: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

const Secret = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * @returns the entries of a Secret, decoded as UTF-8
 * @throws KubeApiError
 */
export async function readSecret(
  cluster: Cluster,
  where: { readonly namespace: string; readonly name: string },
): Promise<Readonly<Record<string, string>>> {
  const { data } = Secret.parse(await cluster.request({ method: 'GET', path: resourcePath(SECRETS, where) }));
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}
