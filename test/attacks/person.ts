import { API_VERSION, GROUP, type Metadata, ModelVersion, VERSION } from '../../src/api/index.ts';
import { type Cluster, KubeApiError, type KubeRequest } from '../../src/kube/index.ts';

/** What the API server answered. */
export type Answer =
  | { readonly kind: 'done'; readonly object: unknown }
  | { readonly kind: 'refused'; readonly code: KubeApiError['code']; readonly message: string };

/** What a test says of a ModelVersion; the rest is as usual. */
export interface Draft {
  readonly metadata?: Partial<Metadata>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

interface WriteOptions {
  readonly subresource?: 'status' | 'scale';
  readonly query?: Readonly<Record<string, string>>;
}

interface JsonPatch {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

/** One user in one namespace, and every way there is to write a ModelVersion. */
export interface Person {
  readonly user: string;
  /** The REST path of the versions, or of one. */
  path(name?: string, options?: WriteOptions): string;
  /** Sends anything else. */
  send(request: KubeRequest): Promise<Answer>;
  create(draft: Draft): Promise<Answer>;
  /** A PUT, as of `kubectl replace`. */
  replace(name: string, draft: Draft, options?: WriteOptions): Promise<Answer>;
  /** A merge patch, as of `kubectl annotate`, `label` and `edit`. */
  merge(name: string, change: Readonly<Record<string, unknown>>, options?: WriteOptions): Promise<Answer>;
  jsonPatch(name: string, ...operations: readonly JsonPatch[]): Promise<Answer>;
  /** As `kubectl apply --server-side --force-conflicts`. */
  apply(name: string, draft: Draft, options?: WriteOptions & { readonly manager?: string }): Promise<Answer>;
  annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<Answer>;
  remove(name: string): Promise<Answer>;
}

export function createPerson(user: string, cluster: Cluster, namespace: string): Person {
  const path: Person['path'] = (name, { subresource } = {}) =>
    [`/apis/${GROUP}/${VERSION}/namespaces/${namespace}/modelversions`, name, subresource]
      .filter((part) => part !== undefined)
      .join('/');
  const send: Person['send'] = async (request) => {
    try {
      return { kind: 'done', object: await cluster.request(request) };
    } catch (error) {
      if (!(error instanceof KubeApiError) || error.status === 0) throw error;
      return { kind: 'refused', code: error.code, message: error.message };
    }
  };
  const patch = (name: string, kind: string, body: unknown, { query = {}, ...options }: WriteOptions = {}) =>
    send({ method: 'PATCH', path: path(name, options), contentType: `application/${kind}`, body, query });
  const build = (name: string, { metadata, ...draft }: Draft): Record<string, unknown> =>
    buildVersion({ ...draft, metadata: { ...metadata, name, namespace } });

  return {
    user,
    path,
    send,
    create: (draft) => send({ method: 'POST', path: path(), body: buildVersion(draft) }),
    replace: (name, draft, options) => send({ method: 'PUT', path: path(name, options), body: build(name, draft) }),
    merge: (name, change, options) => patch(name, 'merge-patch+json', change, options),
    jsonPatch: (name, ...operations) => patch(name, 'json-patch+json', operations),
    apply: (name, draft, { manager = 'kubectl', query, ...options } = {}) =>
      patch(name, 'apply-patch+yaml', build(name, draft), {
        ...options,
        query: { fieldManager: manager, force: 'true', ...query },
      }),
    annotate: (name, annotations) => patch(name, 'merge-patch+json', { metadata: { annotations } }),
    remove: (name) => send({ method: 'DELETE', path: path(name) }),
  };
}

/** @returns the version in the answer to a request that took place. */
export function versionIn(answer: Answer): ModelVersion {
  if (answer.kind === 'refused') throw new Error(answer.message);
  return ModelVersion.parse(answer.object);
}

function buildVersion({ metadata, spec, status }: Draft): Record<string, unknown> {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata,
    spec: { model: 'fraud', version: '1', stage: 'Production', metrics: { accuracy: 0.93 }, ...spec },
    ...(status ? { status } : {}),
  };
}
