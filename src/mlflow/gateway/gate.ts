import type { IncomingMessage } from 'node:http';
import {
  isServedStage,
  type ModelRegistry,
  ModelVersion,
  REGISTRY_TAGS,
  Stage,
  type Stage as StageName,
} from '../../api/index.ts';
import { trustEveryAddress } from '../../distribution/index.ts';
import { type Cluster, listPages, MODEL_VERSIONS } from '../../kube/index.ts';
import { createMlflowClient, type RegisteredVersion, RegistryError } from '../client/index.ts';
import { matchesModel } from '../matches-model.ts';
import { readFacts, withoutFacts } from '../sync/index.ts';
import { askForStage, findModelVersion } from './ask-for-stage.ts';
import { awaitDecision } from './await-decision.ts';
import { type Caller, identifyCaller, proveMayMove, proveUser, readRegistered } from './caller.ts';
import { parseCredentials } from './credentials-of.ts';
import { type GatedBody, readGatedBody } from './gated-body.ts';
import type { GatedCall, GatedEndpoint } from './gated-call.ts';
import { findGuardedStage, type GuardedAlias, guardedAliases, listRegistriesOf } from './guarded-aliases.ts';
import { MlflowRefusal } from './mlflow-refusal.ts';
import { readServed } from './read-served.ts';
import type { Answered, Upstream } from './upstream.ts';

export interface GateOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly registry: URL;
  readonly caBundle?: string | undefined;
  readonly aliases: readonly GuardedAlias[];
  /** How long a call waits for the decision. */
  readonly timeoutMs: number;
  readonly upstream: Upstream;
}

/** Decides about the calls that are not simply passed on. */
export interface Gate {
  /**
   * @returns MLflow's answer to the call, where it may be made
   * @throws MlflowRefusal, AnsweredByMlflow, KubeApiError
   */
  decide(call: GatedCall, request: IncomingMessage, signal: AbortSignal): Promise<Answered>;
}

interface Gated {
  readonly call: GatedCall;
  readonly body: GatedBody;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** @returns the body that is sent on: what was judged, in words of the gateway's own */
type Judge = (gated: Gated) => Promise<Readonly<Record<string, unknown>>>;

/** What Assent writes beside a version, and nobody else. */
const WRITTEN_TAGS: readonly string[] = [
  REGISTRY_TAGS.decision,
  REGISTRY_TAGS.reason,
  REGISTRY_TAGS.decidedBy,
  REGISTRY_TAGS.decisionId,
];
const REJECTED =
  'Invalid Model Version stage: Rejected. A rejection is a decision, not a stage; a rejected version is Archived: write stage="Archived"';

export function createGate(options: GateOptions): Gate {
  const { cluster, namespace, registry, upstream, timeoutMs, caBundle } = options;
  const registriesOf = () => listRegistriesOf(cluster, namespace, registry);

  /** Only a stage that is decided comes to MLflow. */
  const move = async (
    { caller, signal }: Gated,
    asked: { readonly registered: RegisteredVersion; readonly stage: StageName; readonly archiveExisting: boolean },
  ): Promise<void> => {
    const { registered } = asked;
    const user = await proveUser(caller);
    const registries = await registriesOf();
    const version = await askForStage(cluster, {
      ...asked,
      namespace,
      user,
      registry: registries.find((found) => matchesModel(found, registered.model)) ?? null,
      readFacts: () => readClaims(caller, registered),
    });
    await awaitDecision(cluster, version, asked.stage, { timeoutMs, signal });
  };

  const readClaims = async (caller: Caller, registered: RegisteredVersion) => {
    const client = createMlflowClient({
      url: registry,
      credentials: parseCredentials(caller.headers.authorization),
      // The one address that the administrator gave.
      guard: trustEveryAddress(registry.protocol === 'http:'),
      caBundle,
      tries: 1,
    });
    const about = { url: registry.href, now: new Date().toISOString() };
    try {
      return await readFacts(client, registered, about);
    } catch (error) {
      if (error instanceof RegistryError && ['not-found', 'forbidden', 'unauthorized'].includes(error.code))
        return withoutFacts(registered, about);
      throw error;
    }
  };

  const findVersion = async ({ body, caller }: Gated): Promise<RegisteredVersion> => {
    const asked = { name: required(body, 'name'), version: required(body, 'version') };
    await proveMayMove(caller, asked);
    // Databases differ in how they compare names: what is judged is the version that MLflow itself finds.
    return readRegistered(caller, asked);
  };

  const refuseServed = async (model: string, { caller }: Gated, what: string): Promise<void> => {
    const registries: readonly ModelRegistry[] = await registriesOf();
    const shown = await readServed(caller, model, guardedAliases(registries, options.aliases));
    const decided: string[] = [];
    for await (const { items } of listPages(cluster, MODEL_VERSIONS, { namespace }))
      for (const item of items) {
        const parsed = ModelVersion.safeParse(item);
        if (!parsed.success || parsed.data.spec.model.toLowerCase() !== model.toLowerCase()) continue;
        const stage = parsed.data.status?.stage ?? 'None';
        if (isServedStage(stage)) decided.push(`version ${parsed.data.spec.version} is in ${stage}`);
      }
    const served = [...new Set([...shown, ...decided])];
    if (served.length === 0) return;
    throw new MlflowRefusal(
      'PERMISSION_DENIED',
      `${model} is not ${what} while it is served (${served.slice(0, 5).join(', ')}): move its versions to Archived first`,
    );
  };

  const judges: Readonly<Record<GatedEndpoint, Judge>> = {
    'transition-stage': async (gated) => {
      const stage = parseStage(required(gated.body, 'stage'));
      const archiveExisting = gated.body.flag('archive_existing_versions');
      const registered = await findVersion(gated);
      await move(gated, { registered, stage, archiveExisting });
      const { model: name, version } = registered;
      return { name, version, stage, archive_existing_versions: archiveExisting };
    },
    'set-alias': async (gated) => {
      const [name, alias] = [required(gated.body, 'name'), required(gated.body, 'alias')];
      const version = required(gated.body, 'version');
      const stage = findGuardedStage(alias, guardedAliases(await registriesOf(), options.aliases));
      if (!stage) return { name, alias, version };
      const registered = await findVersion(gated);
      await move(gated, { registered, stage, archiveExisting: false });
      return { name: registered.model, alias, version: registered.version };
    },
    'delete-alias': async ({ body }) => {
      const [name, alias] = [required(body, 'name'), required(body, 'alias')];
      const stage = findGuardedStage(alias, guardedAliases(await registriesOf(), options.aliases));
      if (!stage) return { name, alias };
      throw new MlflowRefusal(
        'PERMISSION_DENIED',
        `alias ${alias} says which version is in ${stage}: move that version to Archived, and the alias goes with it`,
      );
    },
    'delete-version': async (gated) => {
      const asked = { name: required(gated.body, 'name'), version: required(gated.body, 'version') };
      const registered = await readRegistered(gated.caller, asked);
      const { model: name, version } = registered;
      const found = await findModelVersion(cluster, namespace, registered);
      const aliases = guardedAliases(await registriesOf(), options.aliases);
      const shown = await readServed(gated.caller, name, aliases, version);
      const stage = [registered.stage, found?.status?.stage ?? 'None'].find(isServedStage);
      if (!stage && shown.length === 0) return { name, version };
      const where = stage ? `in ${stage}` : shown.join(', ');
      throw new MlflowRefusal(
        'PERMISSION_DENIED',
        `version ${version} of ${name} is not deleted while it is served (${where}): move it to Archived first`,
      );
    },
    'delete-model': async (gated) => {
      const name = required(gated.body, 'name');
      await refuseServed(name, gated, 'deleted');
      return { name };
    },
    'rename-model': async (gated) => {
      const [name, newName] = [required(gated.body, 'name'), required(gated.body, 'new_name')];
      await refuseServed(name, gated, 'renamed');
      return { name, new_name: newName };
    },
    'create-version': async ({ body }) => {
      const { tags } = body.fields;
      for (const tag of Array.isArray(tags) ? tags : []) refuseTag(Object(tag).key);
      return body.fields;
    },
    'set-tag': async ({ body }) => {
      const key = required(body, 'key');
      refuseTag(key);
      return { name: body.text('name'), version: body.text('version'), key, value: body.text('value') };
    },
    'delete-tag': async ({ body }) => {
      const key = required(body, 'key');
      refuseTag(key);
      return { name: body.text('name'), version: body.text('version'), key };
    },
  };

  return {
    async decide(call, request, signal) {
      const caller = identifyCaller(request, upstream);
      const body = await readGatedBody(request);
      const judged = await judges[call.endpoint]({ call, body, caller, signal });
      const method = request.method ?? 'POST';
      return upstream.ask({ method, path: call.path, headers: caller.headers, body: judged });
    },
  };
}

function required(body: GatedBody, field: string): string {
  const text = body.text(field);
  if (text !== '') return text;
  throw new MlflowRefusal('INVALID_PARAMETER_VALUE', `Missing value for required parameter '${field}'.`);
}

/** MLflow takes a stage in any letter case. */
function parseStage(text: string): StageName {
  const found = Stage.options.find((stage) => stage.toLowerCase() === text.toLowerCase());
  if (found) return found;
  if (text.toLowerCase() === 'rejected') throw new MlflowRefusal('INVALID_PARAMETER_VALUE', REJECTED);
  throw new MlflowRefusal(
    'INVALID_PARAMETER_VALUE',
    `Invalid Model Version stage: ${text}. Value must be one of ${Stage.options.join(', ')}.`,
  );
}

function refuseTag(key: unknown): void {
  const written = WRITTEN_TAGS.find((tag) => typeof key === 'string' && key.trim().toLowerCase() === tag);
  if (written === undefined) return;
  throw new MlflowRefusal('PERMISSION_DENIED', `tag ${written} says what was decided: only Assent writes it`);
}
