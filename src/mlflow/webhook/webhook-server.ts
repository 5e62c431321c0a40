import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { readBounded } from '../../distribution/index.ts';
import type { Cluster } from '../../kube/index.ts';
import type { RegistryEvents } from '../../telemetry/index.ts';
import { readRegistrySecret } from '../registry-secret.ts';
import type { ModelRegistries } from '../sync/index.ts';
import { createSeenDeliveries } from './seen-deliveries.ts';
import { refuseWebhook, TOLERANCE_MS } from './verify-webhook.ts';

export interface WebhookServer extends AsyncDisposable {
  readonly port: number;
}

interface WebhookServerOptions {
  /** 0 chooses a free one. */
  readonly port: number;
  readonly cluster: Cluster;
  readonly registries: Pick<ModelRegistries, 'find'>;
  readonly events: RegistryEvents;
  readonly nowMs?: () => number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const BODY_BYTES = 1024 * 1024;
/** A secret that was changed counts after so long. */
const SECRET_MS = 30_000;
/** A secret that anybody can guess is none. */
const SECRET_BYTES = 16;
const PATH = /^\/webhooks\/([a-z0-9][-a-z0-9]{0,62})\/([a-z0-9][-a-z0-9.]{0,252})$/;

/** MLflow's events about versions, their tags and their aliases; others are taken and mean nothing. */
const Delivery = z.object({
  entity: z.string(),
  action: z.string(),
  data: z.object({ name: z.string().optional(), version: z.coerce.string().optional() }).catch({}),
});

/**
 * Receives MLflow's webhooks at /webhooks/NAMESPACE/NAME. What a delivery says is a hint and no more: the version that it
 * names is read from the registry itself.
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { cluster, registries, events, nowMs = Date.now } = options;
  const seen = createSeenDeliveries(2 * TOLERANCE_MS);
  const secrets = new Map<string, { readonly until: number; readonly text: Promise<string> }>();

  const readSecret = (
    id: string,
    namespace: string,
    { name, key }: { readonly name: string; readonly key: string },
  ) => {
    const known = secrets.get(id);
    if (known && known.until > nowMs()) return known.text;
    const text = readRegistrySecret(cluster, { namespace, name }).then((entries) => entries[key]?.trim() ?? '');
    // What cannot be read is not asked for again with each delivery either.
    text.catch(() => {});
    secrets.set(id, { until: nowMs() + SECRET_MS, text });
    return text;
  };

  const receive = async (request: IncomingMessage): Promise<Answer> => {
    const [, namespace = '', name = ''] = PATH.exec(request.url ?? '') ?? [];
    const found = registries.find(namespace, name);
    const ref = found?.registry.spec.webhookSecret;
    if (!found || !ref) return { status: 404, text: 'there is no ModelRegistry with a webhookSecret at this path\n' };
    if (request.method !== 'POST') return { status: 405, text: 'webhooks are posted\n' };
    const id = `${namespace}/${name}`;
    const body = await readBounded(request, BODY_BYTES);
    if (!body) return { status: 413, text: `a delivery has at most ${BODY_BYTES} bytes\n` };
    const secret = await readSecret(id, namespace, ref);
    if (Buffer.byteLength(secret) < SECRET_BYTES) {
      events.webhookRefused(id, `entry ${ref.key} of Secret ${ref.name} has less than ${SECRET_BYTES} bytes`);
      return { status: 503, text: 'the secret of this webhook cannot be used\n' };
    }
    const headers = {
      signature: headerOf(request, 'x-mlflow-signature'),
      deliveryId: headerOf(request, 'x-mlflow-delivery-id'),
      timestamp: headerOf(request, 'x-mlflow-timestamp'),
    };
    const refusal = refuseWebhook(body, headers, { secret, nowMs: nowMs() });
    if (refusal !== null) {
      events.webhookRefused(id, refusal);
      return { status: 401, text: `${refusal}\n` };
    }
    if (!seen.add(`${id} ${headers.deliveryId}`, nowMs())) {
      events.webhookRefused(id, 'it came before');
      return { status: 409, text: 'this delivery came before\n' };
    }
    const delivery = Delivery.safeParse(parseJson(body));
    if (!delivery.success) return { status: 400, text: 'this is no delivery of MLflow\n' };
    const { model, version } = { model: delivery.data.data.name, version: delivery.data.data.version };
    if (delivery.data.entity.startsWith('model_version') && model !== undefined && version !== undefined)
      found.session.look({ model, version });
    return { status: 202, text: 'taken\n' };
  };

  const server = createServer((request, response) => {
    receive(request).then(
      ({ status, text }) => response.writeHead(status, { 'content-type': 'text/plain' }).end(text),
      (error: unknown) => {
        events.failed('*', 'webhook', error, 0);
        response.writeHead(503, { 'content-type': 'text/plain' }).end('not now\n');
      },
    );
  });
  // Slow senders are none of ours.
  server.requestTimeout = 15_000;
  server.listen(options.port);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
