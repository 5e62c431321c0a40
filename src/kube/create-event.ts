import type { Cluster } from './cluster.ts';
import { type ResourceType, resourcePath } from './resource-type.ts';

export interface KubeEvent {
  /** Makes a retry the same Event. A DNS label. */
  readonly name: string;
  readonly type: 'Normal' | 'Warning';
  readonly action: string;
  readonly reason: string;
  readonly note: string;
  /** RFC 3339. */
  readonly at: string;
  readonly controller: string;
  readonly instance: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string | undefined;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

const EVENTS: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
/** The API server refuses a longer note. */
const MAX_NOTE_BYTES = 1_024;

/** @throws KubeApiError */
export async function createEvent(cluster: Cluster, event: KubeEvent): Promise<void> {
  const { name, at, controller, instance, regarding, note, ...rest } = event;
  // Events on objects without a namespace live in `default`.
  const namespace = regarding.namespace ?? 'default';
  await cluster.request({
    method: 'POST',
    path: resourcePath(EVENTS, { namespace }),
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name, namespace },
      // MicroTime wants six digits.
      eventTime: at.replace(/\.(\d{3})Z$/, '.$1000Z'),
      reportingController: controller,
      reportingInstance: instance,
      regarding,
      note: cut(note),
      ...rest,
    },
  });
}

function cut(note: string): string {
  if (Buffer.byteLength(note) <= MAX_NOTE_BYTES) return note;
  // A character cut in two becomes a replacement character, which takes three bytes.
  return `${Buffer.from(note)
    .subarray(0, MAX_NOTE_BYTES - 8)
    .toString('utf8')} …`;
}
