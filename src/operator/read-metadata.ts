import { z } from 'zod';

const Labelled = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }) });

/** @returns the labels of a stored object, or undefined where there is no object. */
export function readLabels(object: unknown): Readonly<Record<string, string>> | undefined {
  return object === undefined ? undefined : Labelled.parse(object).metadata.labels;
}

const Deletable = z.object({ metadata: z.object({ deletionTimestamp: z.string().optional() }) });

/** Whether it is only there until its finalizers are through. */
export function isBeingDeleted(object: unknown): boolean {
  return object !== undefined && Deletable.parse(object).metadata.deletionTimestamp !== undefined;
}
