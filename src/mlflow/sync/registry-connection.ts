import { createHash } from 'node:crypto';
import type { ModelRegistrySpec } from '../../api/index.ts';
import {
  type AddressGuard,
  BundleError,
  type Connections,
  createConnections,
  readCredentials,
} from '../../distribution/index.ts';
import type { Cluster } from '../../kube/index.ts';
import { createMlflowClient, type MlflowClient, RegistryError } from '../client/index.ts';
import { readRegistrySecret } from '../registry-secret.ts';

/** The way to one registry, with credentials that are read again now and then. */
export interface RegistryConnection extends Disposable {
  readonly url: string;
  /** @throws RegistryError where the address or the credentials are not as they must be */
  connect(): Promise<MlflowClient>;
  /** The registry refused the credentials: they are read again before it is asked again. */
  forget(): void;
}

export interface RegistryConnectionOptions {
  readonly cluster: Cluster;
  readonly guard: AddressGuard;
  readonly namespace: string;
  readonly spec: ModelRegistrySpec;
  readonly signal: AbortSignal;
}

const CREDENTIALS_MS = 60_000;
const CONNECTIONS = 16;
/** MLflow on a busy database answers late: that is no fault yet. */
const TIMEOUT_MS = 30_000;

export function createRegistryConnection(options: RegistryConnectionOptions): RegistryConnection {
  const { guard, spec, signal } = options;
  let known: { readonly until: number; readonly client: Promise<MlflowClient> } | undefined;
  /** Of one set of authorities: a connection that was opened under others is not used under these. */
  let pool: { readonly authorities: string; readonly connections: Connections } | undefined;

  const open = async (): Promise<MlflowClient> => {
    const url = parseUrl(spec.mlflow.url);
    const entries = await readEntries(options);
    const caBundle = spec.mlflow.caBundle ?? entries?.['ca.crt'];
    const authorities = createHash('sha256')
      .update(caBundle ?? '')
      .digest('hex');
    if (pool?.authorities !== authorities) {
      pool?.connections[Symbol.dispose]();
      pool = { authorities, connections: createConnections(CONNECTIONS) };
    }
    const credentials = entries && readLogin(entries, spec, url);
    return createMlflowClient({
      url,
      credentials,
      guard,
      caBundle,
      connections: pool.connections,
      signal,
      timeoutMs: TIMEOUT_MS,
    });
  };

  return {
    url: spec.mlflow.url,
    connect() {
      if (!known || known.until < performance.now()) {
        const client = open();
        known = { until: performance.now() + CREDENTIALS_MS, client };
        client.catch(() => {
          known = undefined;
        });
      }
      return known.client;
    },
    forget() {
      known = undefined;
    },
    [Symbol.dispose]() {
      pool?.connections[Symbol.dispose]();
    },
  };
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw new RegistryError('malformed', `mlflow.url is ${text}; an address reads https://HOST[:PORT][/PREFIX]`);
}

async function readEntries({
  cluster,
  namespace,
  spec,
}: RegistryConnectionOptions): Promise<Readonly<Record<string, string>> | undefined> {
  const name = spec.mlflow.auth?.secretRef.name;
  return name === undefined ? undefined : readRegistrySecret(cluster, { namespace, name });
}

function readLogin(entries: Readonly<Record<string, string>>, spec: ModelRegistrySpec, { host }: URL) {
  try {
    return readCredentials(entries, { name: `Secret ${spec.mlflow.auth?.secretRef.name}`, host });
  } catch (cause) {
    if (cause instanceof BundleError) throw new RegistryError('unauthorized', cause.message, { cause });
    throw cause;
  }
}
