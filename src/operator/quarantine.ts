/** A policy that is not evaluated for the versions of one namespace. */
export interface Quarantined {
  readonly namespace: string;
  /** How often it was stopped in a row. */
  readonly kills: number;
  /** What it ran into the last time. */
  readonly why: string;
  /** RFC 3339. */
  readonly until: string;
}

/**
 * Keeps a policy that is killed again and again from taking a worker each time: after five kills in a row it is left
 * alone for a minute, then tried once, and left alone twice as long each time that is in vain.
 *
 * By the namespace of the versions: who may write versions that make a policy run into its limits does harm to their own
 * namespace alone.
 */
export interface Quarantine {
  killed(policy: string, namespace: string, why: string): void;
  survived(policy: string, namespace: string): void;
  /** @returns null where the policy may be evaluated; one evaluation is let through each time its time is up. */
  refusal(policy: string, namespace: string): Quarantined | null;
  of(policy: string): readonly Quarantined[];
  forget(policy: string): void;
}

interface QuarantineOptions {
  readonly nowMs: () => number;
  readonly onChange: (policy: string, namespace: string, quarantined: boolean) => void;
}

interface Tally {
  kills: number;
  why: string;
  /** How often it was quarantined without having survived in between. */
  rounds: number;
  untilMs: number | null;
  /** Its time is up, and one evaluation is on its way. */
  probing: boolean;
}

const KILLS = 5;
const FIRST_MS = 60_000;
const LONGEST_MS = 3_600_000;

export function createQuarantine({ nowMs, onChange }: QuarantineOptions): Quarantine {
  const tallies = new Map<string, Map<string, Tally>>();

  const tallyOf = (policy: string, namespace: string): Tally => {
    const ofPolicy = tallies.get(policy) ?? new Map<string, Tally>();
    tallies.set(policy, ofPolicy);
    const tally = ofPolicy.get(namespace) ?? { kills: 0, why: '', rounds: 0, untilMs: null, probing: false };
    ofPolicy.set(namespace, tally);
    return tally;
  };

  return {
    killed(policy, namespace, why) {
      const tally = tallyOf(policy, namespace);
      tally.kills++;
      tally.why = why;
      // Other evaluations that were on their way when the time began change nothing of it.
      if (tally.kills < KILLS || (tally.untilMs !== null && !tally.probing)) return;
      tally.probing = false;
      tally.untilMs = nowMs() + Math.min(LONGEST_MS, FIRST_MS * 2 ** tally.rounds);
      tally.rounds++;
      onChange(policy, namespace, true);
    },
    survived(policy, namespace) {
      const ofPolicy = tallies.get(policy);
      const tally = ofPolicy?.get(namespace);
      if (!tally) return;
      ofPolicy?.delete(namespace);
      if (tally.untilMs !== null) onChange(policy, namespace, false);
    },
    refusal(policy, namespace) {
      const tally = tallies.get(policy)?.get(namespace);
      if (!tally || tally.untilMs === null) return null;
      if (tally.untilMs > nowMs()) return describe(namespace, tally);
      // One try: whoever comes meanwhile waits for what becomes of it.
      tally.untilMs = nowMs() + FIRST_MS;
      tally.probing = true;
      return null;
    },
    of: (policy) =>
      [...(tallies.get(policy) ?? [])].flatMap(([namespace, tally]) => {
        const described = describe(namespace, tally);
        return described ? [described] : [];
      }),
    forget(policy) {
      const ofPolicy = tallies.get(policy) ?? new Map<string, Tally>();
      tallies.delete(policy);
      for (const [namespace, { untilMs }] of ofPolicy) if (untilMs !== null) onChange(policy, namespace, false);
    },
  };
}

function describe(namespace: string, { kills, why, untilMs }: Tally): Quarantined | null {
  return untilMs === null ? null : { namespace, kills, why, until: new Date(untilMs).toISOString() };
}
