import type { EvidenceReader } from './ports.ts';

/** Looks at what stands in the specs alone: where nothing may be fetched, nothing of it is a fact. */
export const UNFETCHED_EVIDENCE: EvidenceReader = {
  read: () => ({ kind: 'unavailable', problem: 'it is not fetched here: only what is inline is looked at' }),
};
