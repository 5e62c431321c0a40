import type { Job } from './evaluation-thread.ts';

/**
 * Jobs in one lane a policy, served in turn, so that a policy with a thousand evaluations holds up nobody. A policy
 * that is slow or ran past its deadline is a suspect: its jobs are taken one by one and apart, until one has a value soon.
 */
export interface JobQueue {
  readonly size: number;
  add(job: Job): void;
  /** Puts jobs back in front of their lanes. */
  putBack(jobs: readonly Job[]): void;
  /** Up to `count` jobs of policies that are not suspects. */
  take(count: number): Job[];
  /** The next job of a suspect. */
  takeSuspect(): Job | undefined;
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

  const takeFrom = (key: string, lane: Job[], count: number): Job[] => {
    const taken = lane.splice(0, count);
    size -= taken.length;
    // A lane that was served goes to the end of the order.
    lanes.delete(key);
    if (lane.length > 0) lanes.set(key, lane);
    return taken;
  };

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
    take(count) {
      const taken: Job[] = [];
      // A copy: lanes that are served move to the end while this goes through them.
      for (const [key, lane] of [...lanes]) {
        if (taken.length >= count) break;
        if (!suspected.has(key)) taken.push(...takeFrom(key, lane, count - taken.length));
      }
      return taken;
    },
    takeSuspect() {
      for (const key of suspected) {
        const lane = lanes.get(key);
        if (lane) {
          // The order of suspects turns as well.
          suspected.delete(key);
          suspected.add(key);
          return takeFrom(key, lane, 1)[0];
        }
      }
      return undefined;
    },
    clear() {
      lanes.clear();
      size = 0;
    },
    setSuspect(key, suspect) {
      if (!suspect) suspected.delete(key);
      else suspected.add(key);
      const [oldest] = suspected;
      if (oldest !== undefined && suspected.size > keptSuspects) suspected.delete(oldest);
    },
    isSuspect: (key) => suspected.has(key),
  };
}
