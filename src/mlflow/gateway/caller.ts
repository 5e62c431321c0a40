import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { type RegisteredVersion, VersionFound } from '../client/index.ts';
import { MlflowRefusal } from './mlflow-refusal.ts';
import type { Answered, Upstream } from './upstream.ts';

/** Whoever makes a gated call. What is asked of MLflow for it is asked with the caller's own credentials. */
export interface Caller {
  readonly headers: Readonly<Record<string, string>>;
  ask(question: Asked): Promise<Answered>;
}

interface Asked {
  readonly method: string;
  /** After `/api/2.0/mlflow/`. */
  readonly path: string;
  readonly body?: unknown;
}

/** MLflow's own answer to what was asked before the call: it is the call's answer. */
export class AnsweredByMlflow extends Error {
  override readonly name = 'AnsweredByMlflow';
  readonly answer: Answered;

  constructor(answer: Answered) {
    super(`MLflow answers ${answer.status}`);
    this.answer = answer;
  }
}

/**
 * @returns what to throw where MLflow did not answer as it must: its refusal; never a success, which would be taken for the
 * call's own
 */
export function toThrow(answer: Answered): Error {
  if (answer.status >= 400) return new AnsweredByMlflow(answer);
  return new MlflowRefusal(
    'TEMPORARILY_UNAVAILABLE',
    `the registry answers what MLflow would not (HTTP ${answer.status}): is --registry the address of an MLflow server?`,
  );
}

interface VersionName {
  readonly name: string;
  readonly version: string;
}

/** What makes MLflow take a request for somebody's. */
const IDENTITY_HEADERS = ['authorization', 'cookie'] as const;
const WORKSPACE_HEADER = 'x-mlflow-workspace';

/** @throws MlflowRefusal for a workspace: the same model name means another model there */
export function identifyCaller({ headers }: IncomingMessage, upstream: Upstream): Caller {
  const workspace = headers[WORKSPACE_HEADER];
  if (workspace !== undefined && workspace !== 'default')
    throw new MlflowRefusal(
      'PERMISSION_DENIED',
      'this gateway decides about the default workspace only: a model of another may have the same name',
    );
  const own = Object.fromEntries(
    IDENTITY_HEADERS.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    headers: own,
    ask: ({ method, path, body }) => upstream.ask({ method, path: `/api/2.0/mlflow/${path}`, headers: own, body }),
  };
}

const CurrentUser = z.object({ user: z.object({ username: z.string().min(1) }) });

/**
 * MLflow says who the caller is, from the credentials that it accepts.
 *
 * @returns null where the server asks nobody for credentials
 * @throws AnsweredByMlflow where it refuses them
 */
export async function proveUser({ ask }: Caller): Promise<string | null> {
  const answer = await ask({ method: 'GET', path: 'users/current' });
  if (answer.status === 404) return null;
  if (answer.status !== 200) throw toThrow(answer);
  const found = CurrentUser.safeParse(parseJson(answer));
  if (found.success) return found.data.user.username;
  throw new MlflowRefusal(
    'TEMPORARILY_UNAVAILABLE',
    'MLflow does not say who you are: is --registry an MLflow server?',
  );
}

/** No stage of MLflow's: it checks who asks before it reads this. */
const NO_STAGE = 'asked by assent whether the caller may';
const Refused = z.object({ error_code: z.string() });

/**
 * Whoever may not move a version in MLflow must not move it by way of a decision, which the operator carries out. MLflow is
 * asked by a transition that it takes for nobody.
 *
 * @throws AnsweredByMlflow with its refusal
 */
export async function proveMayMove({ ask }: Caller, { name, version }: VersionName): Promise<void> {
  const body = { name, version, stage: NO_STAGE, archive_existing_versions: false };
  const answer = await ask({ method: 'POST', path: 'model-versions/transition-stage', body });
  const code = Refused.safeParse(parseJson(answer)).data?.error_code;
  if (answer.status !== 400 || code !== 'INVALID_PARAMETER_VALUE') throw toThrow(answer);
}

/** @throws AnsweredByMlflow where there is none, or the caller may not see it */
export async function readRegistered({ ask }: Caller, { name, version }: VersionName): Promise<RegisteredVersion> {
  const path = `model-versions/get?${new URLSearchParams({ name, version })}`;
  const answer = await ask({ method: 'GET', path });
  const found = VersionFound.safeParse(parseJson(answer));
  if (answer.status === 200 && found.success) return found.data.model_version;
  throw toThrow(answer);
}

export function parseJson({ body }: Answered): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
