import { API_VERSION, Duration, modelVersionName, parseDurationMs } from '../../api/index.ts';
import {
  type Cluster,
  createEventOnce,
  KubeApiError,
  MODEL_VERSIONS,
  readObject,
  resourcePath,
  type WorkResult,
} from '../../kube/index.ts';
import { askForStage, OtherVersionError } from '../ask-for-stage.ts';
import { GatedVersion } from '../gated-version.ts';
import { judgeGate } from '../judge-gate.ts';
import { type ApprovalParams, parseApprovalParams } from './approval-params.ts';
import { type AskedQuestion, CUSTOM_RUNS, CustomRun, isOpen } from './custom-run.ts';
import { nextAttemptStatus, nextRunStatus, type RunState } from './run-status.ts';

export interface CustomRunPorts {
  readonly cluster: Cluster;
  readonly clock: () => string;
  /** The run comes back when the version of this key, NAMESPACE/NAME, changes. */
  readonly awaitVersion: (run: string, version: string) => void;
  /** The run has ended or is gone. */
  readonly forget: (run: string) => void;
  readonly signal: AbortSignal;
}

/** Tekton's own, where a run names none. */
const DEFAULT_TIMEOUT = '1h';
/** How long one try to ask may last: an earlier decision may have to be recorded first. */
const ASK_MS = 10_000;

/**
 * Brings one CustomRun on: asks for the stage, waits for exactly that to be decided, and tells Tekton how it ended. Both
 * objects are read anew, so nothing ends by what a watch has told late.
 *
 * @param key NAMESPACE/NAME
 * @returns when time alone may end the run
 */
export async function reconcileCustomRun(key: string, ports: CustomRunPorts): Promise<WorkResult | undefined> {
  const [namespace = '', name = ''] = key.split('/');
  const found = await readObject(ports.cluster, resourcePath(CUSTOM_RUNS, { namespace, name }));
  const run = found === null ? null : CustomRun.parse(found);
  if (!run || !isOpen(run) || run.metadata.deletionTimestamp !== undefined) {
    ports.forget(key);
    return undefined;
  }
  const now = toSeconds(ports.clock());
  const state = await nextState(key, run, ports);
  if (state.succeeded !== 'Unknown') {
    await writeStatus(run, nextRunStatus(run, state, now), ports);
    ports.forget(key);
    return undefined;
  }
  const leftMs = msUntilTimeout(run, ports.clock());
  if (leftMs > 0) {
    await writeStatus(run, nextRunStatus(run, state, now), ports);
    return Number.isFinite(leftMs) ? { requeueAfterMs: leftMs } : undefined;
  }
  const message = `no decision within ${run.spec.timeout ?? DEFAULT_TIMEOUT}: ${state.message}`;
  const tried = run.status.retriesStatus?.length ?? 0;
  if (tried < run.spec.retries) {
    await writeStatus(run, nextAttemptStatus(run, message, now), ports);
    return { requeueAfterMs: 0 };
  }
  await writeStatus(run, nextRunStatus(run, { succeeded: 'False', reason: 'CustomRunTimedOut', message }, now), ports);
  ports.forget(key);
  return undefined;
}

async function nextState(key: string, run: CustomRun, ports: CustomRunPorts): Promise<RunState> {
  const { spec, status } = run;
  if (spec.status === 'RunCancelled')
    return failed('CustomRunCancelled', spec.statusMessage || 'the run was cancelled before anybody decided');
  if (spec.status !== undefined && spec.status !== '')
    return failed('InvalidSpec', `spec.status is ${spec.status}: only RunCancelled is known`);
  if (spec.workspaces.length > 0)
    return failed('CustomRunWorkspaceNotSupported', 'an approval works on no files: leave out workspaces');
  if (spec.customSpec !== undefined || spec.customRef?.name)
    return failed(
      'InvalidSpec',
      `an approval has parameters only: write taskRef: {apiVersion: ${API_VERSION}, kind: Approval}, without a name or a spec`,
    );
  if (spec.timeout !== undefined && !isDuration(spec.timeout))
    return failed('InvalidSpec', `spec.timeout is ${spec.timeout}: a duration reads like 30s, 72h or 1h30m; 0 is none`);
  const params = parseApprovalParams(spec.params);
  if ('problem' in params) return failed('InvalidParameters', params.problem);
  const question = status.extraFields ?? (await ask(key, run, params, ports));
  if ('succeeded' in question) return question;
  if (status.extraFields === undefined)
    return { ...waiting(`asked ${question.modelVersion} for ${params.stage}`), question };
  return judge(key, run, params, question, ports);
}

/** Before the question stands in the run's status nothing is answered, so a crash in between asks the same again. */
async function ask(
  key: string,
  run: CustomRun,
  params: ApprovalParams,
  { cluster, awaitVersion, clock, signal }: CustomRunPorts,
): Promise<AskedQuestion | RunState> {
  const { namespace } = run.metadata;
  awaitVersion(key, `${namespace}/${params.name ?? modelVersionName(params.model, params.version)}`);
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
    const { question, version } = await askForStage(cluster, { ...params, namespace }, either);
    await recordAsked(cluster, run, version, params.stage, clock());
    const { name: modelVersion, uid, generation, contentDigest } = question;
    return { modelVersion, uid, generation, contentDigest };
  } catch (error) {
    if (error instanceof OtherVersionError)
      return failed('OtherVersion', error.message.replace('--name', 'the parameter model-version'));
    if (error instanceof KubeApiError && (error.code === 'invalid' || error.code === 'forbidden'))
      return failed('Refused', `the API server refuses the ModelVersion: ${error.answer ?? error.message}`);
    throw error;
  }
}

async function judge(
  key: string,
  { metadata: { namespace } }: CustomRun,
  { approvers, onReject }: ApprovalParams,
  asked: AskedQuestion,
  { cluster, awaitVersion }: CustomRunPorts,
): Promise<RunState> {
  const { modelVersion: name } = asked;
  // Before the reading: what changes after it brings the run back.
  awaitVersion(key, `${namespace}/${name}`);
  const found = await readObject(cluster, resourcePath(MODEL_VERSIONS, { namespace, name }));
  if (found === null) return failed('Deleted', `${name} was deleted while the run waited: nothing can approve it now`);
  const judged = judgeGate(GatedVersion.parse(found), { ...asked, namespace, name, approvers });
  switch (judged.kind) {
    case 'waiting':
      return waiting(judged.message);
    case 'changed':
      return failed('Changed', judged.message);
    case 'replaced':
      return failed('Replaced', judged.message);
    case 'approved':
      return { succeeded: 'True', reason: judged.reason, message: judged.message, answer: judged };
    case 'rejected': {
      const succeeded = onReject === 'continue' ? 'True' : 'False';
      return { succeeded, reason: judged.reason, message: judged.message, answer: judged };
    }
  }
}

/** The version's submitter is the operator: this tells for which run it asked. */
async function recordAsked(
  cluster: Cluster,
  { metadata: run }: CustomRun,
  { metadata }: GatedVersion,
  stage: string,
  at: string,
): Promise<void> {
  const { name, namespace, uid = '', resourceVersion = '' } = metadata;
  // An earlier try, or an earlier attempt of the run, may have told it.
  await createEventOnce(cluster, [run.uid, uid], {
    type: 'Normal',
    action: 'Ask',
    reason: 'AskedByCustomRun',
    note: `CustomRun ${run.name} (${run.uid}) asks for ${stage}`,
    at,
    controller: 'assent.dev/approval-tasks',
    regarding: { apiVersion: API_VERSION, kind: MODEL_VERSIONS.kind, namespace, name, uid, resourceVersion },
  });
}

/** A patch, and not the whole status: Tekton's webhooks look at the object that they are sent. */
async function writeStatus(
  { metadata: { namespace, name, uid, resourceVersion } }: CustomRun,
  status: object | null,
  { cluster }: CustomRunPorts,
): Promise<void> {
  if (!status) return;
  await cluster.request({
    method: 'PATCH',
    path: `${resourcePath(CUSTOM_RUNS, { namespace, name })}/status`,
    contentType: 'application/merge-patch+json',
    // The API server answers 409 where these are others: cancelled meanwhile, or deleted and made again.
    body: { metadata: { uid, resourceVersion }, status },
  });
}

function msUntilTimeout({ spec, status }: CustomRun, now: string): number {
  const timeoutMs = parseDurationMs(spec.timeout ?? DEFAULT_TIMEOUT);
  if (timeoutMs === 0) return Number.POSITIVE_INFINITY;
  return status.startTime === undefined ? timeoutMs : Date.parse(status.startTime) + timeoutMs - Date.parse(now);
}

function isDuration(text: string): boolean {
  return text === '0' || Duration.safeParse(text).success;
}

function failed(reason: string, message: string): RunState {
  return { succeeded: 'False', reason, message };
}

function waiting(message: string): RunState {
  return { succeeded: 'Unknown', reason: 'Running', message };
}

/** As Kubernetes writes times. */
function toSeconds(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}
