import { z } from 'zod';

/** The part of Kubernetes' ObjectMeta that this project reads. Other fields pass through unread. */
export const Metadata = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.number().int().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
});
export type Metadata = z.infer<typeof Metadata>;

const NAME_PARTS = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Of an object that nobody has stored yet: the API server would refuse another name (a DNS subdomain, RFC 1123).
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export const SubmittedMetadata = Metadata.extend({
  name: z
    .string()
    .refine(
      (name) => name.length <= 253 && NAME_PARTS.test(name),
      'a name has at most 253 lowercase letters, digits, - and ., and each of its parts begins and ends with a letter or digit, as in fraud-7',
    ),
});
