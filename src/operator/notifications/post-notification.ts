import type { NotificationSpec } from '../../api/index.ts';
import {
  type AddressGuard,
  BundleError,
  readCredentials,
  renderAuthorization,
  sendHttp,
} from '../../distribution/index.ts';
import type { Cluster } from '../../kube/index.ts';
import { createObjectReader } from '../bundle-fetcher.ts';
import type { RenderedNotification } from './render-notification.ts';

/** What became of one try. `refused`: this one will never be taken; `failed`: a later try may do. */
export type PostResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly retryAfterMs: number };

interface PostOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly guard: AddressGuard;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES = 2 ** 16;
/** A receiver cannot have itself asked less often than this. */
const LONGEST_PAUSE_MS = 3_600_000;

/** Posts once. The Secrets are read each time: they rotate. */
export async function postNotification(
  { contentType, body }: RenderedNotification,
  spec: NotificationSpec,
  options: PostOptions,
): Promise<PostResult> {
  try {
    const { url, headers, caBundle } = await findReceiver(spec, options);
    const { guard, signal } = options;
    const { status, headers: answered } = await sendHttp(
      { method: 'POST', url, headers: { ...headers, 'content-type': contentType }, body, maxBytes: ANSWER_BYTES },
      { guard, caBundle, signal, timeoutMs: TIMEOUT_MS },
    );
    if (status >= 200 && status < 300) return { kind: 'delivered' };
    const message = `${url.host} answers HTTP ${status}`;
    if ([400, 413, 415, 422].includes(status)) return { kind: 'refused', message };
    const seconds = Number(answered['retry-after']);
    const retryAfterMs = Number.isFinite(seconds) ? Math.min(LONGEST_PAUSE_MS, Math.max(0, seconds * 1_000)) : 0;
    return { kind: 'failed', message, retryAfterMs };
  } catch (error) {
    if (error instanceof BundleError) return { kind: 'failed', message: error.message, retryAfterMs: 0 };
    throw error;
  }
}

async function findReceiver({ cloudEvents, slack }: NotificationSpec, { cluster, namespace }: PostOptions) {
  const reader = createObjectReader(cluster, namespace);
  if (slack) {
    const { name, key } = slack.secretRef;
    const url = URL.parse((await reader.readSecret({ name }))[key]?.trim() ?? '');
    // What is there is not told: it may be another's secret.
    if (!url || !/^https?:$/.test(url.protocol))
      throw new BundleError('invalid', `entry ${key} of Secret ${name} is no address`);
    return { url, headers: {}, caBundle: slack.caBundle };
  }
  const url = URL.parse(cloudEvents?.url ?? '');
  if (!url) throw new BundleError('invalid', 'cloudEvents.url is no address: write https://HOST/PATH');
  const headers: Record<string, string> = {};
  if (cloudEvents?.auth) {
    const { name } = cloudEvents.auth.secretRef;
    const entries = await reader.readSecret({ name });
    headers.authorization = renderAuthorization(readCredentials(entries, { name: `Secret ${name}`, host: url.host }));
  }
  return { url, headers, caBundle: cloudEvents?.caBundle };
}
