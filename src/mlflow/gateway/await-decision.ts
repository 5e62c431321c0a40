import { setTimeout as sleep } from 'node:timers/promises';
import { ModelVersion, type Stage } from '../../api/index.ts';
import { type Cluster, createBackoff, MODEL_VERSIONS, resourcePath } from '../../kube/index.ts';
import { MlflowRefusal } from './mlflow-refusal.ts';

/**
 * Waits for the decision on the generation that asks for the stage; returns where it is in effect.
 *
 * @throws MlflowRefusal that says why it is not, or not yet; KubeApiError
 */
export async function awaitDecision(
  cluster: Cluster,
  asking: ModelVersion,
  stage: Stage,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { namespace = '', name, uid, generation } = asking.metadata;
  const path = resourcePath(MODEL_VERSIONS, { namespace, name });
  const end = performance.now() + timeoutMs;
  const backoff = createBackoff({ baseMs: 25, maxMs: 1_000 });
  let version = asking;
  for (;;) {
    if (version.metadata.uid !== uid || version.metadata.generation !== generation)
      throw new MlflowRefusal(
        'RESOURCE_CONFLICT',
        `somebody else changed ${name} meanwhile: look at it and call again`,
      );
    const { decision } = version.status ?? {};
    const decided = decision?.generation === generation ? decision?.outcome : undefined;
    if (decided === 'Approved' && version.status?.stage === stage) return;
    if (decided === 'Rejected') throw refuse(version, stage, 'is denied');
    // People take longer than a call; whoever makes it is told whom to ask.
    if (decided === 'Pending') throw refuse(version, stage, 'waits');
    if (performance.now() > end) throw refuse(version, stage, 'waits');
    await sleep(backoff.nextMs(), undefined, { signal });
    version = ModelVersion.parse(await cluster.request({ method: 'GET', path, signal }));
  }
}

function refuse({ metadata, spec, status }: ModelVersion, stage: Stage, what: 'waits' | 'is denied'): MlflowRefusal {
  const { namespace = '', name, generation } = metadata;
  const current = status?.decision?.generation === generation;
  const approved = current ? status?.conditions?.find(({ type }) => type === 'Approved') : undefined;
  const why = approved ? `${approved.reason}: ${approved.message}` : 'the operator has not decided yet: does it run?';
  const next = what === 'waits' ? '. Call again once it is approved' : '';
  return new MlflowRefusal(
    'PERMISSION_DENIED',
    `${stage} for version ${spec.version} of ${spec.model} ${what}: ${why}${next}. Look at it: kubectl get mv ${name} -n ${namespace}, or assent status ${name} -n ${namespace}`,
  );
}
