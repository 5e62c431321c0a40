import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Stage } from '../../api/index.ts';
import {
  BundleError,
  type Credentials,
  type HttpAnswer,
  renderAuthorization,
  sendHttp,
  type Transport,
} from '../../distribution/index.ts';
import { createBackoff } from '../../kube/index.ts';
import {
  type LoggedModel,
  LoggedModelFound,
  ModelFound,
  ModelPage,
  Refusal,
  type RegisteredModel,
  type RegisteredVersion,
  type Run,
  RunFound,
  VersionFound,
  VersionPage,
} from './mlflow-answers.ts';
import { RegistryError } from './registry-error.ts';

/** What is asked of one MLflow server (https://mlflow.org/docs/latest/api_reference/rest-api.html). Each call throws RegistryError. */
export interface MlflowClient {
  /** All registered versions, page by page. */
  listVersions(): AsyncIterable<readonly RegisteredVersion[]>;
  /** All registered models with their aliases, page by page. */
  listModels(): AsyncIterable<readonly RegisteredModel[]>;
  getVersion(model: string, version: string): Promise<RegisteredVersion>;
  getModel(model: string): Promise<RegisteredModel>;
  getRun(runId: string): Promise<Run>;
  getLoggedModel(modelId: string): Promise<LoggedModel>;
  transitionStage(version: VersionName, stage: Stage, archiveExistingVersions: boolean): Promise<void>;
  setAlias(version: VersionName, alias: string): Promise<void>;
  deleteAlias(model: string, alias: string): Promise<void>;
  setTag(version: VersionName, key: string, value: string): Promise<void>;
}

export interface VersionName {
  readonly model: string;
  readonly version: string;
}

export interface MlflowClientOptions extends Transport {
  readonly url: URL;
  readonly credentials?: Credentials | undefined;
  /** How often a request is sent at most; what fails then is for the caller to try again. */
  readonly tries?: number;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** After `/api/2.0/mlflow/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const PAGE = '1000';
const ANSWER_BYTES = 64 * 1024 * 1024;
const TRIES = 3;
const BACKOFF = { baseMs: 500, maxMs: 5_000 };

/** A client whose every call is safe to send twice: each asks for a state, none adds anything. */
export function createMlflowClient(options: MlflowClientOptions): MlflowClient {
  const { url, credentials, tries = TRIES } = options;
  const headers: Readonly<Record<string, string>> = {
    accept: 'application/json',
    ...(credentials ? { authorization: renderAuthorization(credentials) } : {}),
  };

  const send = async ({ method, path, query = {}, body }: Call): Promise<HttpAnswer> => {
    const target = new URL(url);
    target.pathname = `${url.pathname.replace(/\/$/, '')}/api/2.0/mlflow/${path}`;
    target.search = new URLSearchParams(query).toString();
    const payload = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    return sendHttp(
      { method, url: target, headers: { ...headers, ...type }, ...payload, maxBytes: ANSWER_BYTES },
      options,
    );
  };

  const ask = async <Schema extends z.ZodType>(call: Call, schema: Schema): Promise<z.output<Schema>> => {
    const backoff = createBackoff(BACKOFF);
    for (let left = tries - 1; ; left--) {
      let error: RegistryError;
      try {
        const answer = await send(call);
        if (answer.status === 200) return parseAnswer(answer, schema, url);
        error = toRefusal(answer, call, url);
      } catch (cause) {
        error = toRegistryError(cause, url);
      }
      if (error.code !== 'unreachable' || left <= 0) throw error;
      await sleep(backoff.nextMs(), undefined, options.signal ? { signal: options.signal } : {});
    }
  };

  const write = async (method: 'POST' | 'DELETE', path: string, body: unknown): Promise<void> => {
    await ask({ method, path, body }, z.unknown());
  };

  async function* readPages<Schema extends z.ZodType<{ next_page_token: string }>>(path: string, schema: Schema) {
    let token = '';
    do {
      const query = { max_results: PAGE, ...(token ? { page_token: token } : {}) };
      const page = await ask({ method: 'GET', path, query }, schema);
      yield page;
      token = page.next_page_token;
    } while (token);
  }

  return {
    async *listVersions() {
      for await (const page of readPages('model-versions/search', VersionPage)) yield page.model_versions;
    },
    async *listModels() {
      for await (const page of readPages('registered-models/search', ModelPage)) yield page.registered_models;
    },
    getVersion: async (name, version) =>
      (await ask({ method: 'GET', path: 'model-versions/get', query: { name, version } }, VersionFound)).model_version,
    getModel: async (name) =>
      (await ask({ method: 'GET', path: 'registered-models/get', query: { name } }, ModelFound)).registered_model,
    getRun: async (runId) => (await ask({ method: 'GET', path: 'runs/get', query: { run_id: runId } }, RunFound)).run,
    getLoggedModel: async (modelId) =>
      (await ask({ method: 'GET', path: `logged-models/${encodeURIComponent(modelId)}` }, LoggedModelFound)).model,
    transitionStage: ({ model, version }, stage, archiveExistingVersions) =>
      write('POST', 'model-versions/transition-stage', {
        name: model,
        version,
        stage,
        archive_existing_versions: archiveExistingVersions,
      }),
    setAlias: ({ model, version }, alias) => write('POST', 'registered-models/alias', { name: model, alias, version }),
    deleteAlias: (model, alias) => write('DELETE', 'registered-models/alias', { name: model, alias }),
    setTag: ({ model, version }, key, value) =>
      write('POST', 'model-versions/set-tag', { name: model, version, key, value }),
  };
}

function parseAnswer<Schema extends z.ZodType>(
  { body }: HttpAnswer,
  schema: Schema,
  { origin }: URL,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(body.toString('utf8')));
  } catch (cause) {
    throw new RegistryError(
      'malformed',
      `${origin} answers what MLflow would not: is the url that of an MLflow server?`,
      { cause },
    );
  }
}

function toRefusal({ status, body }: HttpAnswer, { method, path }: Call, { origin }: URL): RegistryError {
  const told = readRefusal(body);
  const call = `${method} ${path}`;
  if (status === 401)
    return new RegistryError('unauthorized', `${origin} refuses the credentials (401, ${call}): check auth.secretRef`);
  if (status === 403)
    return new RegistryError(
      'forbidden',
      `${origin} does not allow ${call} (403): ${told?.message ?? quote(body)}: may the account of auth.secretRef do that?`,
    );
  if (told?.error_code === 'RESOURCE_DOES_NOT_EXIST')
    return new RegistryError('not-found', `${origin}: ${told.message}`);
  if (status === 429 || status >= 500)
    return new RegistryError(
      'unreachable',
      `${origin} answers ${call} with HTTP ${status}${told ? `: ${told.message}` : ''}`,
    );
  if (told) return new RegistryError('invalid', `${origin} refuses ${call}: ${told.error_code}: ${told.message}`);
  return new RegistryError(
    'malformed',
    `${origin} answers ${call} with HTTP ${status}: is the url that of an MLflow server?`,
  );
}

/** MLflow's own refusals of an account, and of a name by which it is asked, are plain text. */
function quote(body: Buffer): string {
  return JSON.stringify(body.toString('utf8', 0, 200).trim());
}

function readRefusal(body: Buffer): z.infer<typeof Refusal> | null {
  try {
    return Refusal.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}

function toRegistryError(cause: unknown, { origin }: URL): RegistryError {
  if (cause instanceof RegistryError) return cause;
  if (cause instanceof BundleError && cause.code === 'address-refused')
    return new RegistryError('address-refused', cause.message, { cause });
  if (cause instanceof BundleError && cause.code === 'unreachable')
    return new RegistryError('unreachable', cause.message, { cause });
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RegistryError('malformed', `${origin}: ${why}`, { cause });
}
