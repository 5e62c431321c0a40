import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { nearNames } from '../api/index.ts';
import { createImpersonatingConfig, type ImpersonatingConfig } from './impersonating-config.ts';
import { KubeApiError } from './kube-api-error.ts';

/** What a request needs of the connection: where to, and with whose credentials. */
export interface RequestSettings {
  readonly agent: HttpAgent;
  readonly headers: Headers;
}

/** Requests share a bounded pool; each watch holds a connection of its own for minutes. */
type Pool = 'requests' | 'watches';

/** Addresses and credentials of one cluster, from a kubeconfig or from the pod. */
export interface Connection {
  readonly server: URL;
  /** Where that is said, for messages: `context NAME of FILE`. */
  readonly source: string;
  readonly namespace: string;
  settings(pool: Pool): Promise<RequestSettings>;
  /** Credentials were refused: they are read again at the next request. */
  refresh(): void;
  close(): void;
}

interface ConnectionOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly maxConnections: number;
}

/** The API server closes an idle connection after 90 s: one that is used at that moment would fail its request. */
const IDLE_MS = 60_000;

/** Tokens rotate on disk, and exec plugins hand out new ones: no credential is kept longer than this. */
const CREDENTIALS_MS = 60_000;
/** What the client assumes where nothing says which cluster is meant. Nothing has served this for years. */
const NOWHERE = 'http://localhost:8080';

/**
 * @throws KubeApiError where there is no such file or context, or nothing says which cluster is meant
 */
export function openConnection({ kubeconfig, context, maxConnections }: ConnectionOptions): Connection {
  let config = loadKubeConfig(kubeconfig, context);
  const { cluster, source } = findCluster(config);
  const server = parseServer(cluster.server);
  let known: { readonly until: number; readonly credentials: Promise<Credentials> } | undefined;
  let pools: { readonly tls: string; readonly agents: Readonly<Record<Pool, HttpAgent>> } | undefined;

  const openPools = (credentials: Credentials) => {
    const tls = JSON.stringify(credentials.tls);
    if (pools?.tls === tls) return pools.agents;
    closePools();
    const build = (maxSockets: number): HttpAgent => {
      const options = { keepAlive: true, maxSockets, timeout: IDLE_MS, ...credentials.tls };
      return server.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
    };
    pools = { tls, agents: { requests: build(maxConnections), watches: build(Number.POSITIVE_INFINITY) } };
    return pools.agents;
  };
  const closePools = (): void => {
    for (const agent of Object.values(pools?.agents ?? {})) agent.destroy();
    pools = undefined;
  };

  return {
    server,
    source,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    async settings(pool) {
      if (!known || known.until < performance.now()) {
        known = { until: performance.now() + CREDENTIALS_MS, credentials: readCredentials(config) };
        known.credentials.catch(() => {
          known = undefined;
        });
      }
      const credentials = await known.credentials;
      return { agent: credentials.proxy ?? openPools(credentials)[pool], headers: credentials.headers };
    },
    refresh() {
      known = undefined;
      config = config.withoutTokens();
    },
    close: closePools,
  };
}

/** A header with several values comes as often. */
type Headers = Readonly<Record<string, string | string[]>>;

interface Credentials {
  readonly tls: Pick<AgentOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'>;
  readonly headers: Headers;
  /** The client's own agent, where the kubeconfig names a proxy. */
  readonly proxy: HttpAgent | undefined;
}

function parseServer(text: string): URL {
  const server = URL.parse(text);
  if (!server)
    throw new KubeApiError('invalid', `The kubeconfig's server is ${text}; a server reads https://HOST:PORT.`);
  return server;
}

/** @throws KubeApiError where a certificate, a token or the program that hands them out is not there */
async function readCredentials(config: ImpersonatingConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw new KubeApiError('unauthorized', `The kubeconfig${of(config)} cannot be used: ${describe(cause, config)}`, {
      cause,
    });
  }
  requirePem(options, config);
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized, auth, headers, agent } = options;
  const basic = typeof auth === 'string' ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  const tls = Object.fromEntries(
    Object.entries({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const proxied = config.getCurrentCluster()?.proxyUrl !== undefined && agent instanceof HttpAgent;
  const groups = config.getCurrentUser()?.impersonateUser ? [...config.impersonatedGroups] : [];
  const impersonation = groups.length > 0 ? { 'Impersonate-Group': groups } : {};
  return {
    tls,
    headers: { ...basic, ...readHeaders(headers), ...impersonation },
    proxy: proxied ? agent : undefined,
  };
}

function describe(cause: unknown, config: ImpersonatingConfig): string {
  if (!(cause instanceof Error)) return String(cause);
  const exec = config.getCurrentUser()?.exec;
  if (!exec || !('syscall' in cause) || !String(cause.syscall).startsWith('spawn')) return cause.message;
  const hint = typeof exec.installHint === 'string' ? `: ${exec.installHint}` : '';
  return `its user logs in with the program ${exec.command}, which does not start (${cause.message})${hint}`;
}

function of({ file }: ImpersonatingConfig): string {
  return file === undefined ? '' : ` ${file}`;
}

/** TLS would fail with the words of OpenSSL, which name no field. */
function requirePem({ ca, cert, key, passphrase }: RequestOptions, config: ImpersonatingConfig): void {
  for (const [field, part] of [
    ['certificate-authority', { ca }],
    ['client-certificate', { cert }],
    ['client-key', { key, passphrase }],
    ['client-key, with its client-certificate,', { cert, key, passphrase }],
  ] as const) {
    try {
      createSecureContext(part);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : cause;
      throw new KubeApiError(
        'unauthorized',
        `The kubeconfig${of(config)} cannot be used: its ${field} is none: ${why}`,
        { cause },
      );
    }
  }
}

function readHeaders(headers: RequestOptions['headers']): Headers {
  if (!headers || Array.isArray(headers)) return {};
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function loadKubeConfig(kubeconfig: string | undefined, context: string | undefined): ImpersonatingConfig {
  const config = createImpersonatingConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    if (cause instanceof KubeApiError) throw cause;
    const why = cause instanceof Error ? cause.message : cause;
    throw new KubeApiError('invalid', `One of the files in KUBECONFIG cannot be read: ${why}`, { cause });
  }
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

interface NamedCluster {
  readonly cluster: { readonly server: string };
  readonly source: string;
}

/** @throws KubeApiError where the context, its cluster or its user is not there: without its user it would ask as nobody */
function findCluster(config: ImpersonatingConfig): NamedCluster {
  const file = config.file === undefined ? 'The kubeconfig' : `The kubeconfig ${config.file}`;
  const name = config.getCurrentContext();
  const context = config.getContextObject(name);
  const names = config.getContexts().map((each) => each.name);
  if (!context) {
    if (names.length === 0) throw new KubeApiError('invalid', `${file} names no cluster. ${GIVE}`);
    const near = name ? nearNames(name, names) : [];
    const found = name ? `has no context ${name}` : 'has no current-context';
    const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `it has ${names.join(', ')}.`;
    throw new KubeApiError('invalid', `${file} ${found}; ${hint} Choose with --context NAME.`);
  }
  const cluster = config.getCurrentCluster();
  if (cluster?.server === NOWHERE) throw new KubeApiError('invalid', `No cluster. ${GIVE}`);
  if (!cluster)
    throw new KubeApiError(
      'invalid',
      `${file}: its context ${name} names cluster ${context.cluster}, which it does not have.`,
    );
  if (context.user && !config.getUser(context.user))
    throw new KubeApiError(
      'invalid',
      `${file}: its context ${name} names user ${context.user}, whom it does not have.`,
    );
  return { cluster, source: `context ${name}${config.file === undefined ? '' : ` of ${config.file}`}` };
}

const GIVE = 'Give --kubeconfig FILE, or set KUBECONFIG.';
