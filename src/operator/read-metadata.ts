import { z } from 'zod';

const Labelled = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }) });

/** @returns the labels of a stored object, or undefined where there is no object. */
export function readLabels(object: unknown): Readonly<Record<string, string>> | undefined {
  return object === undefined ? undefined : Labelled.parse(object).metadata.labels;
}
