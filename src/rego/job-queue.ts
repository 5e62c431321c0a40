import type { Job } from './evaluation-thread.ts';

/**
 * Jobs in one lane a policy, served in turn, so that a policy with a thousand evaluations holds up nobody. A policy
 * that ran past its deadline is a suspect: it runs alone, one evaluation at a time, until one succeeds.
 */
export interface JobQueue {
  readonly size: number;
  add(job: Job): void;
  /** Puts jobs back in front of their lanes. */
  putBack(jobs: readonly Job[]): void;
  /** Up to `count` jobs; those of suspects only where `suspects` is true. Empty where none may run now. */
  take(count: number, suspects: boolean): Job[];
  clear(): void;
  setSuspect(key: string, suspect: boolean): void;
  isSuspect(key: string): boolean;
}

/** Suspects are forgotten beyond this many, the oldest first: policies come and go. */
const keptSuspects = 1_000;

export function createJobQueue(): JobQueue {
  const lanes = new Map<string, Job[]>();
  const suspected = new Set<string>();
  let size = 0;

  return {
    get size() {
      return size;
    },
    add(job) {
      const lane = lanes.get(job.key);
      if (lane) lane.push(job);
      else lanes.set(job.key, [job]);
      size++;
    },
    putBack(jobs) {
      for (const job of [...jobs].reverse()) {
        const lane = lanes.get(job.key);
        if (lane) lane.unshift(job);
        else lanes.set(job.key, [job]);
        size++;
      }
    },
    take(count, suspects) {
      const taken: Job[] = [];
      for (const [key, lane] of lanes) {
        if (taken.length >= count) break;
        const suspect = suspected.has(key);
        if (suspect && (!suspects || taken.length > 0)) continue;
        const part = lane.splice(0, suspect ? 1 : count - taken.length);
        taken.push(...part);
        // A lane that was served goes to the end of the order.
        lanes.delete(key);
        if (lane.length > 0) lanes.set(key, lane);
        if (suspect) break;
      }
      size -= taken.length;
      return taken;
    },
    clear() {
      lanes.clear();
      size = 0;
    },
    setSuspect(key, suspect) {
      suspected.delete(key);
      if (!suspect) return;
      suspected.add(key);
      const [oldest] = suspected;
      if (oldest !== undefined && suspected.size > keptSuspects) suspected.delete(oldest);
    },
    isSuspect: (key) => suspected.has(key),
  };
}
