import { createSecretKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { SIGNING_KEYS_NAME } from '../admission/index.ts';
import type { PolicyBundle } from '../api/index.ts';
import {
  type AddressGuard,
  type BundleChecks,
  BundleError,
  type BundleSource,
  type Credentials,
  fetchBundle,
  parseOciReference,
  parsePublicKey,
  readCredentials,
} from '../distribution/index.ts';
import { type Cluster, KubeApiError, readSecret, resourcePath } from '../kube/index.ts';
import type { BundleFetcher, BundlePolicy } from './ports.ts';
import { CONFIG_MAPS } from './resources.ts';

interface Reference {
  readonly name: string;
  readonly namespace?: string | undefined;
}

const Entries = z.record(z.string(), z.string()).default({});
const ConfigMapObject = z.object({ data: Entries, binaryData: Entries });
/** A Secret's HMAC key that anybody can guess is none. */
const SHARED_SECRET_BYTES = 16;

/** All requests of one bundle together. */
const FETCH_MS = 30_000;

interface BundleFetcherOptions {
  readonly cluster: Cluster;
  readonly guard: AddressGuard;
  readonly signal: AbortSignal;
}

/**
 * Resolves what a policy's `bundle` names, and fetches it. A namespaced policy reads objects of its own namespace,
 * whatever it says; the operator's own right to read them is for an administrator to grant, object by object.
 */
export function createBundleFetcher({ cluster, guard, signal }: BundleFetcherOptions): BundleFetcher {
  return {
    async fetch({ namespace, bundle }, known) {
      const reader = createObjectReader(cluster, namespace);
      const limited = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]);
      try {
        const source = await findSource(bundle, reader);
        const checks = await buildChecks(bundle, reader);
        return await fetchBundle(source, checks, { guard, caBundle: bundle.caBundle, signal: limited }, known);
      } catch (error) {
        // The operator ends: that is no fault of the bundle.
        signal.throwIfAborted();
        throw error;
      }
    },
  };
}

/** Whether what the policy names can never be something else: nobody needs to ask for it again. */
export function isPinned({ bundle }: BundlePolicy): boolean {
  return bundle.digest !== undefined || (bundle.oci?.includes('@sha256:') ?? false);
}

async function findSource(bundle: PolicyBundle, reader: ObjectReader): Promise<BundleSource> {
  const { oci, http, configMap, auth } = bundle;
  const login = async (host: string): Promise<Credentials | undefined> => {
    if (!auth) return undefined;
    const name = `Secret ${auth.secretRef.name}`;
    return readCredentials(await reader.readSecret(auth.secretRef), { name, host });
  };
  if (oci !== undefined) {
    const reference = parseOciReference(oci);
    return { kind: 'oci', reference, credentials: await login(reference.registry) };
  }
  if (http !== undefined) {
    const url = URL.parse(http);
    if (!url) throw new BundleError('invalid', `bundle.http is ${http}; an address reads https://HOST/PATH`);
    return { kind: 'http', url, credentials: await login(url.host) };
  }
  if (!configMap) throw new BundleError('invalid', 'the bundle names no oci, http or configMap');
  return locateInConfigMap(configMap, reader);
}

/** @throws BundleError */
export async function locateInConfigMap(
  { key, ...ref }: NonNullable<PolicyBundle['configMap']>,
  reader: ObjectReader,
): Promise<BundleSource> {
  const files = await reader.readConfigMap(ref);
  if (key === undefined) return { kind: 'files', files };
  const bytes = files.get(key);
  if (!bytes) throw new BundleError('not-found', `ConfigMap ${ref.name} has no entry ${key}`);
  return { kind: 'archive', bytes };
}

/** @throws BundleError where a key is none, or cannot be read */
export async function buildChecks({ digest, verify }: PolicyBundle, reader: ObjectReader): Promise<BundleChecks> {
  const readKey = async (key: {
    publicKey?: string | undefined;
    secretRef?: (Reference & { key: string }) | undefined;
  }) => (key.secretRef ? readSharedSecret(key.secretRef, reader) : parsePublicKey(key.publicKey ?? ''));
  return {
    digest,
    ...(verify?.bundle
      ? { bundle: { keys: await Promise.all(verify.bundle.keys.map(readKey)), scope: verify.bundle.scope } }
      : {}),
    ...(verify?.cosign ? { cosign: verify.cosign.keys.map(({ publicKey }) => parsePublicKey(publicKey)) } : {}),
  };
}

async function readSharedSecret(ref: Reference & { readonly key: string }, reader: ObjectReader): Promise<KeyObject> {
  const bytes = Buffer.from((await reader.readSecret(ref))[ref.key]?.trim() ?? '');
  if (bytes.length < SHARED_SECRET_BYTES)
    throw new BundleError(
      'invalid',
      `entry ${ref.key} of Secret ${ref.name} has less than ${SHARED_SECRET_BYTES} bytes`,
    );
  return createSecretKey(bytes);
}

/** Reads the objects that a policy's `bundle` names. */
export interface ObjectReader {
  readSecret(ref: Reference): Promise<Readonly<Record<string, string>>>;
  readConfigMap(ref: Reference): Promise<ReadonlyMap<string, Buffer>>;
}

/**
 * @param own the namespace that objects are read from, whatever is named; undefined: the one that is named
 * @param who asks, for messages
 */
export function createObjectReader(cluster: Cluster, own: string | undefined, who = 'the operator'): ObjectReader {
  const read = async <Content>(
    kind: string,
    { name, namespace }: Reference,
    load: (where: { readonly namespace: string; readonly name: string }) => Promise<Content>,
  ): Promise<Content> => {
    const from = own ?? namespace;
    if (from === undefined) throw new BundleError('invalid', `bundle names ${kind} ${name} without its namespace`);
    try {
      return await load({ namespace: from, name });
    } catch (cause) {
      throw explainRefusal(cause, `${kind} ${from}/${name}`, who);
    }
  };
  return {
    async readSecret(ref) {
      // The operator reads this one for itself, and lends it to no policy.
      if (ref.name === SIGNING_KEYS_NAME)
        throw new BundleError('unauthorized', `Secret ${ref.name} holds the operator's own keys, and no policy's`);
      return read('Secret', ref, (where) => readSecret(cluster, where));
    },
    async readConfigMap(ref) {
      const { data, binaryData } = await read('ConfigMap', ref, async (where) =>
        ConfigMapObject.parse(await cluster.request({ method: 'GET', path: resourcePath(CONFIG_MAPS, where) })),
      );
      return new Map([
        ...Object.entries(data).map(([key, value]) => [key, Buffer.from(value)] as const),
        ...Object.entries(binaryData).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
      ]);
    },
  };
}

function explainRefusal(cause: unknown, object: string, who: string): unknown {
  if (!(cause instanceof KubeApiError)) return cause;
  if (cause.code === 'not-found') return new BundleError('not-found', `there is no ${object}`, { cause });
  if (cause.code === 'forbidden')
    return new BundleError(
      'unauthorized',
      `${who} may not read ${object}: an administrator grants that (docs/bundles.md)`,
      { cause },
    );
  return new BundleError('unreachable', `${object} cannot be read: ${cause.message}`, { cause });
}
