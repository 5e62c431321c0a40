import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Cluster } from './cluster.ts';
import { KubeApiError } from './kube-api-error.ts';
import { type ResourceType, resourcePath } from './resource-type.ts';

interface KubeEvent {
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

/**
 * Creates an Event whose name is made of its object's and of what it is about: the same again is the same Event, and is no
 * error.
 *
 * @param about tells it from all others; anything that JSON can hold
 * @throws KubeApiError
 */
export async function createEventOnce(
  cluster: Cluster,
  about: unknown,
  event: Omit<KubeEvent, 'name' | 'instance'>,
): Promise<void> {
  const digest = createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, 16);
  // Before a dot, a name must not end with one, nor with a dash.
  const cutName = event.regarding.name.slice(0, 200).replace(/[-.]+$/, '');
  const name = `${cutName}.${digest}`;
  try {
    await createEvent(cluster, { ...event, name, instance: hostname() });
  } catch (error) {
    if (!(error instanceof KubeApiError && error.code === 'conflict')) throw error;
  }
}

async function createEvent(cluster: Cluster, event: KubeEvent): Promise<void> {
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
