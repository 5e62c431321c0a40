import type { Cluster } from '../kube/index.ts';
import { askForStage, type GateRequest } from './ask-for-stage.ts';
import { awaitAnswer, type GateEnd, type GateListener } from './await-answer.ts';
import type { GatedVersion } from './gated-version.ts';
import type { GateQuestion } from './judge-gate.ts';
import { isOutage, outlast, UnreachableError } from './transient-fault.ts';

export interface GateEvents extends GateListener {
  /** Told once, when the version is there and asks for the stage. */
  readonly onAsked: (question: GateQuestion, version: GatedVersion) => void;
}

/** How a gate ended; `question` is null where it was never asked. */
export interface GateOutcome {
  readonly end: GateEnd;
  readonly question: GateQuestion | null;
}

/**
 * The approval step: asks for the stage, and waits until policies and people have decided exactly that.
 *
 * @param events its signal is the time limit; outages of the cluster shorter than `unreachableForMs` are waited out
 * @throws OtherVersionError, KubeApiError where nothing could be asked
 */
export async function openGate(cluster: Cluster, request: GateRequest, events: GateEvents): Promise<GateOutcome> {
  const { signal } = events;
  try {
    const asked = await outlast(() => askForStage(cluster, request, signal), isOutage, events);
    events.onAsked(asked.question, asked.version);
    return { end: await awaitAnswer(cluster, asked.question, events), question: asked.question };
  } catch (error) {
    if (error instanceof UnreachableError)
      return { end: { kind: 'unreachable', message: error.message }, question: null };
    if (signal.aborted)
      return { end: { kind: 'timed-out', message: 'the cluster took no request in time' }, question: null };
    throw error;
  }
}
