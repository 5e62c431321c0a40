/** Deliveries that came already, as long as their time would still be taken. */
export interface SeenDeliveries {
  /** @returns false where it came before */
  add(id: string, nowMs: number): boolean;
}

/** One every 3 ms for ten minutes: more is no MLflow, and the oldest are forgotten. */
const MOST = 200_000;

/** @param keptMs twice what the clocks may differ: a delivery of a clock ahead of ours is taken for so long */
export function createSeenDeliveries(keptMs: number): SeenDeliveries {
  const seen = new Map<string, number>();
  return {
    add(id, nowMs) {
      for (const [oldest, at] of seen) {
        if (seen.size < MOST && nowMs - at <= keptMs) break;
        seen.delete(oldest);
      }
      if (seen.has(id)) return false;
      seen.set(id, nowMs);
      return true;
    },
  };
}
