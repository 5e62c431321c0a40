import type { RegistryReader } from './ports.ts';

/** What the operator has written of an earlier look: where no registry is asked, it is all that is known. */
export const RECORDED_REGISTRY: RegistryReader = {
  read(_key, { spec, status }) {
    const registry = spec.source?.registry;
    if (registry === undefined) return { kind: 'none' };
    const { url, runId, metrics, readAt } = status?.verified ?? {};
    if (url === undefined || runId === undefined || metrics === undefined || readAt === undefined)
      return { kind: 'unavailable', registry, problem: 'it is not read here, and status.verified has nothing of it' };
    return { kind: 'found', registry, facts: { url, runId, metrics, readAt } };
  },
};
