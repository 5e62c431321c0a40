import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';
import { PUBLIC_KEYS_NAME, SIGNING_KEYS_NAME } from '../admission/index.ts';
import { publicKeyId } from '../decision/index.ts';
import { type Cluster, createBackoff, KubeApiError, mergeConfigMap } from '../kube/index.ts';
import type { DecisionSigner } from './ports.ts';

/** Signs with the current key of a Secret, which is made where it is missing. */
export interface SigningKeys extends DecisionSigner, AsyncDisposable {
  /** Resolves with the first key, and without one after some seconds: what is decided unsigned stays so for good. */
  readonly loaded: Promise<void>;
}

interface SigningKeysOptions {
  readonly cluster: Cluster;
  /** The operator's own. */
  readonly namespace: string;
  readonly intervalMs?: number;
  readonly patienceMs?: number;
  readonly onKey: (keyId: string) => void;
  readonly onProblem: (error: unknown) => void;
}

/** How soon a rotated key is taken up. */
const INTERVAL_MS = 5_000;
/** How soon the first key is asked for again, doubled each time. */
const FIRST_RETRY_MS = 200;
/** Longer than an API server that starts or changes hands is away; who runs without a key starts so much later, once. */
const PATIENCE_MS = 10_000;

const KeysObject = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});

interface SigningKey {
  readonly keyId: string;
  readonly key: KeyObject;
}

/**
 * Reads the Secret again and again. Its entry `current` names the key that signs; the others are kept, so that what they
 * signed can still be checked. All public keys stand in a ConfigMap that every authenticated user may read.
 */
export function createSigningKeys(options: SigningKeysOptions): SigningKeys {
  const { cluster, namespace, intervalMs = INTERVAL_MS, patienceMs = PATIENCE_MS, onKey, onProblem } = options;
  const { promise: loaded, resolve } = Promise.withResolvers<void>();
  const backoff = createBackoff({ baseMs: FIRST_RETRY_MS, maxMs: intervalMs });
  const patience = setTimeout(resolve, patienceMs).unref();
  let current: SigningKey | undefined;
  let published = '';
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const look = async (): Promise<void> => {
    try {
      const data = await readOrCreateKeys(cluster, namespace);
      const keys = readKeys(data);
      const found = keys.find(({ keyId }) => keyId === decode(data.current));
      if (!found) throw new Error(`the Secret ${SIGNING_KEYS_NAME} has no key that its entry \`current\` names`);
      if (found.keyId !== current?.keyId) onKey(found.keyId);
      current = found;
      resolve();
      const ids = keys.map(({ keyId }) => keyId).join();
      if (ids !== published) await publish(cluster, namespace, keys);
      published = ids;
    } catch (error) {
      onProblem(error);
    }
    if (!stopped) timer = setTimeout(look, current ? intervalMs : backoff.nextMs());
    timer?.unref();
  };
  const first = look();

  return {
    loaded,
    sign(bytes) {
      if (!current) return null;
      return { keyId: current.keyId, signature: sign(null, bytes, current.key).toString('base64') };
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      clearTimeout(patience);
      await first;
    },
  };
}

/** @returns the entries of the Secret with a new key, which `current` names; the others stay. */
export function addSigningKey(data: Readonly<Record<string, string>>): {
  readonly data: Readonly<Record<string, string>>;
  readonly keyId: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const keyId = publicKeyId(publicKey);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { data: { ...data, [entryOf(keyId)]: encode(pem), current: encode(keyId) }, keyId };
}

async function readOrCreateKeys(cluster: Cluster, namespace: string): Promise<Readonly<Record<string, string>>> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const read = async () =>
    KeysObject.parse(await cluster.request({ method: 'GET', path: `${path}/${SIGNING_KEYS_NAME}` })).data;
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof KubeApiError && error.code === 'not-found')) throw error;
  }
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: SIGNING_KEYS_NAME, namespace },
    data: addSigningKey({}).data,
  };
  try {
    return KeysObject.parse(await cluster.request({ method: 'POST', path, body })).data;
  } catch (error) {
    // Another operator was quicker: its key is everybody's.
    if (error instanceof KubeApiError && error.code === 'conflict') return read();
    throw error;
  }
}

/** Adds to what is there: a key that was removed from the Secret can still be needed to check what it signed. */
async function publish(cluster: Cluster, namespace: string, keys: readonly SigningKey[]): Promise<void> {
  const data = Object.fromEntries(
    keys.map(({ keyId, key }) => [
      entryOf(keyId),
      createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
    ]),
  );
  await mergeConfigMap(cluster, { namespace, name: PUBLIC_KEYS_NAME }, data);
}

function readKeys(data: Readonly<Record<string, string>>): readonly SigningKey[] {
  return Object.entries(data)
    .filter(([entry]) => entry.endsWith('.pem'))
    .map(([, value]) => createPrivateKey(decode(value)))
    .map((key) => ({ key, keyId: publicKeyId(createPublicKey(key)) }));
}

function entryOf(keyId: string): string {
  return `${keyId.slice('sha256:'.length)}.pem`;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8');
}
