import { type ModelRegistry, type ModelRegistryStatus, nextCondition, type SaidCondition } from '../../api/index.ts';
import type { RegistryError } from '../client/index.ts';
import type { Comparison } from './compare-registry.ts';

/** What one registry's status is made from. */
export interface RegistryState {
  /** Of the last comparison that came to its end; null before the first. */
  readonly comparison: (Comparison & { readonly at: string; readonly seconds: number }) | null;
  /** How far the running one is. */
  readonly progress: { readonly versions: number } | null;
  readonly imported: number;
  readonly pendingExports: number;
  readonly refusal: RegistryError | null;
  /** Why decisions on some models are not shown yet, by model. */
  readonly exportProblems: ReadonlyMap<string, string>;
  /** Why the last comparison did not come to its end, where the registry is not to blame. */
  readonly failure: string | null;
  readonly lastEventTime: string | null;
  /** The last request for a comparison that was answered. */
  readonly handledSyncAt: string | null;
}

const REASONS: Readonly<Record<RegistryError['code'], string>> = {
  unreachable: 'Unreachable',
  'address-refused': 'AddressRefused',
  unauthorized: 'Unauthorized',
  forbidden: 'Forbidden',
  malformed: 'NotMlflow',
  invalid: 'Refused',
  'not-found': 'Refused',
};

/** @returns the status of a ModelRegistry whose registry is in this state */
export function nextRegistryStatus(
  { metadata, status }: ModelRegistry,
  state: RegistryState,
  now: string,
): ModelRegistryStatus {
  const { comparison, progress, lastEventTime, handledSyncAt } = state;
  const surroundings = { before: status?.conditions ?? [], now, generation: metadata.generation ?? 1 };
  const condition = (type: string, said: SaidCondition) => nextCondition(type, said, surroundings);
  const ready = judgeReady(state);
  const standing = state.refusal !== null && state.refusal.code !== 'unreachable';
  return {
    observedGeneration: metadata.generation ?? 1,
    ...(comparison || progress ? { versions: Math.max(comparison?.versions ?? 0, progress?.versions ?? 0) } : {}),
    imported: state.imported,
    pendingExports: state.pendingExports,
    ...(comparison ? { lastSyncTime: comparison.at, lastSyncSeconds: comparison.seconds } : {}),
    ...(comparison && comparison.drifted.length > 0 ? { drifted: [...comparison.drifted] } : {}),
    ...(handledSyncAt === null ? {} : { lastHandledSyncAt: handledSyncAt }),
    ...(lastEventTime === null ? {} : { lastEventTime }),
    conditions: [
      condition('Ready', ready),
      condition('InSync', judgeInSync(state)),
      ...(ready.reason === 'Comparing' ? [condition('Reconciling', { ...ready, value: 'True' })] : []),
      ...(standing ? [condition('Stalled', { ...ready, value: 'True' })] : []),
    ],
  };
}

/**
 * @param before as it is stored: what was said already keeps its time, so that nothing is written
 * @returns the status of one whose spec cannot be read
 */
export function invalidRegistryStatus(
  generation: number,
  problem: string,
  { before, now }: { readonly before: ModelRegistryStatus | undefined; readonly now: string },
): ModelRegistryStatus {
  const stood = before?.conditions?.find(({ reason }) => reason === 'InvalidSpec');
  const lastTransitionTime = stood?.lastTransitionTime ?? now;
  const said = { reason: 'InvalidSpec', message: problem, lastTransitionTime, observedGeneration: generation };
  return {
    observedGeneration: generation,
    conditions: [
      { type: 'Ready', status: 'False', ...said },
      { type: 'Stalled', status: 'True', ...said },
    ],
  };
}

function judgeReady({ refusal, failure, comparison, progress }: RegistryState): SaidCondition {
  if (failure !== null) return { value: 'False', reason: 'Failed', message: failure };
  if (refusal) return { value: 'False', reason: REASONS[refusal.code], message: refusal.message };
  if (!comparison) {
    const message = progress
      ? `${progress.versions} versions compared so far`
      : 'the registry is compared for the first time';
    return { value: 'False', reason: 'Comparing', message };
  }
  if (comparison.problems.length > 0)
    return { value: 'False', reason: 'NotImported', message: comparison.problems.join('; ') };
  return {
    value: 'True',
    reason: 'Compared',
    message: `${comparison.versions} versions compared in ${comparison.seconds} s`,
  };
}

function judgeInSync({ comparison, pendingExports, exportProblems, refusal }: RegistryState): SaidCondition {
  if (refusal || !comparison)
    return { value: 'Unknown', reason: 'NotCompared', message: 'the registry has not been compared' };
  const [drift] = comparison.drifted;
  if (drift) {
    const more = comparison.drifted.length > 1 ? ` and ${comparison.drifted.length - 1} more` : '';
    const { model, version, found, decided } = drift;
    const stays = comparison.stays.map((why) => `; could not be put back: ${why}`).join('');
    const message = `version ${version} of ${model} was ${found} in the registry, and ${decided} was decided${more}${stays}`;
    return { value: 'False', reason: 'Drifted', message };
  }
  if (pendingExports > 0) {
    const problems = [...exportProblems].slice(0, 10).map(([model, problem]) => `; ${model}: ${problem}`);
    return {
      value: 'False',
      reason: 'Exporting',
      message: `${pendingExports} decisions are on their way${problems.join('')}`,
    };
  }
  return { value: 'True', reason: 'Compared', message: 'the registry shows what was decided' };
}
