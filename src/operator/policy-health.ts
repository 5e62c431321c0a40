import type { PolicyEvaluations, PolicyVerdict } from '../api/index.ts';
import type { PolicyFailure, PolicyResult } from '../decision/index.ts';
import { createQuarantine, type Quarantined } from './quarantine.ts';

/** How the policies fare: what people see in their status, and what keeps one that is killed again and again away. */
export interface PolicyHealth {
  /** The policy is in force by these rules; its counts go on where the stored ones are of the same rules. */
  adopt(policy: string, rulesDigest: string, stored: PolicyEvaluations | undefined): void;
  forget(policy: string): void;
  /** @returns why the policy is not to be evaluated for versions of this namespace now; null where it may be. */
  refusal(policy: string, namespace: string): PolicyFailure | null;
  /** Told how each evaluation ended. */
  evaluated(policy: string, namespace: string, result: PolicyResult, outcome: PolicyVerdict['outcome']): void;
  /** Makes the counts visible, and returns the policies whose counts have changed since. */
  publish(): readonly string[];
  /** @returns the counts as they were last published; undefined where there is none. */
  published(policy: string): PolicyEvaluations | undefined;
  /** @returns where the policy is not evaluated, by namespace. */
  quarantined(policy: string): readonly Quarantined[];
}

interface PolicyHealthOptions {
  /** RFC 3339. */
  readonly clock: () => string;
  /** A namespace's versions meet the policy again, or do so no longer. */
  readonly onQuarantine: (policy: string, namespace: string, quarantined: boolean) => void;
}

interface Counted {
  readonly rulesDigest: string;
  counts: PolicyEvaluations;
  published: PolicyEvaluations | undefined;
}

const NONE = { allow: 0, require: 0, deny: 0, error: 0, killed: 0, slowestMicroseconds: 0 };

export function createPolicyHealth({ clock, onQuarantine }: PolicyHealthOptions): PolicyHealth {
  const counted = new Map<string, Counted>();
  const quarantine = createQuarantine({ nowMs: () => Date.parse(clock()), onChange: onQuarantine });

  return {
    adopt(policy, rulesDigest, stored) {
      const known = counted.get(policy);
      if (known?.rulesDigest === rulesDigest) return;
      quarantine.forget(policy);
      // After a restart the status tells the counts so far.
      const kept = known === undefined && stored?.rulesDigest === rulesDigest ? stored : undefined;
      counted.set(policy, { rulesDigest, counts: kept ?? { rulesDigest, ...NONE }, published: kept });
    },
    forget(policy) {
      counted.delete(policy);
      quarantine.forget(policy);
    },
    refusal(policy, namespace) {
      const refused = quarantine.refusal(policy, namespace);
      if (!refused) return null;
      const message = `not evaluated: ${describeQuarantine(refused)}`;
      return { kind: 'error', code: 'quarantined', message, evaluationMicroseconds: 0 };
    },
    evaluated(policy, namespace, result, outcome) {
      if (result.kind === 'error' && result.code === 'quarantined') return;
      const killed = wasKilled(result);
      if (killed) quarantine.killed(policy, namespace, killed);
      else quarantine.survived(policy, namespace);
      const entry = counted.get(policy);
      if (!entry) return;
      const { counts } = entry;
      entry.counts = {
        ...counts,
        [outcome]: counts[outcome] + 1,
        killed: counts.killed + (killed ? 1 : 0),
        slowestMicroseconds: Math.max(counts.slowestMicroseconds, result.evaluationMicroseconds),
        lastEvaluatedAt: clock(),
      };
    },
    publish() {
      const changed: string[] = [];
      for (const [policy, entry] of counted) {
        if (entry.counts === entry.published || entry.counts.lastEvaluatedAt === undefined) continue;
        entry.published = entry.counts;
        changed.push(policy);
      }
      return changed;
    },
    published: (policy) => counted.get(policy)?.published,
    quarantined: quarantine.of,
  };
}

/** @returns what the evaluation ran into; null where it ended by itself. */
function wasKilled(result: PolicyResult): string | null {
  return result.kind === 'error' && (result.code === 'timeout' || result.code === 'memory') ? result.message : null;
}

export function describeQuarantine({ namespace, kills, why, until }: Quarantined): string {
  return `the policy was stopped ${kills} times in a row on versions of namespace ${namespace} (${why}), and is tried there again after ${until}`;
}
