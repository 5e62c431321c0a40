import { type AttestationSource, MAX_STATEMENT_BYTES } from '../api/index.ts';
import { type AddressGuard, fetchDocument } from '../distribution/index.ts';
import type { Cluster } from '../kube/index.ts';
import { createObjectReader } from './bundle-fetcher.ts';
import type { FetchEvidence } from './evidence-store.ts';

interface EvidenceFetcherOptions {
  readonly cluster: Cluster;
  /** Whoever may write a version names addresses: those within the cluster's network are refused unless allowed. */
  readonly guard: AddressGuard;
}

/** Fetches attestations from a ConfigMap of the version's namespace, from a server, or out of a registry. */
export function createEvidenceFetcher({ cluster, guard }: EvidenceFetcherOptions): FetchEvidence {
  return async ({ configMap, uri = '', digest = '' }: AttestationSource, namespace, signal) => {
    if (!configMap) return fetchDocument(uri, { digest, maxBytes: MAX_STATEMENT_BYTES, guard, signal });
    const entries = await createObjectReader(cluster, namespace).readConfigMap({ name: configMap.name });
    const bytes = entries.get(configMap.key);
    if (!bytes) throw new Error(`ConfigMap ${namespace}/${configMap.name} has no entry ${configMap.key}`);
    return bytes;
  };
}
