import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { KubeApiError } from '../../kube/index.ts';
import type { GatewayEvents } from '../../telemetry/index.ts';
import { RegistryError } from '../client/index.ts';
import { AnsweredByMlflow } from './caller.ts';
import { createGate, type GateOptions } from './gate.ts';
import { findGatedCall, type GatedCall } from './gated-call.ts';
import { MlflowRefusal, sendRefusal } from './mlflow-refusal.ts';
import { type Answered, createUpstream, type UpstreamOptions } from './upstream.ts';

export interface GatewayOptions extends Omit<GateOptions, 'upstream'>, UpstreamOptions {
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  readonly events: GatewayEvents;
}

export interface Gateway extends AsyncDisposable {
  readonly port: number;
}

const IDLE_MS = 75_000;

/** An HTTP server before MLflow: everything passes, and what changes the stage of a version is decided first. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, port, events } = options;
  const upstream = createUpstream(options);
  const gate = createGate({ ...options, upstream });

  const decide = async (call: GatedCall, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const leaving = new AbortController();
    response.once('close', () => leaving.abort());
    try {
      const answer = await gate.decide(call, request, leaving.signal);
      events.passed(call.endpoint, answer.status);
      sendAnswer(response, answer);
    } catch (error) {
      if (response.destroyed) return;
      if (error instanceof AnsweredByMlflow) {
        events.passed(call.endpoint, error.answer.status);
        sendAnswer(response, error.answer);
        return;
      }
      const refusal = toRefusal(error);
      events.refused(call.endpoint, refusal.code, error);
      // What is not read yet belongs to nobody.
      if (!request.complete) response.setHeader('connection', 'close');
      sendRefusal(response, refusal);
    }
  };

  const receive = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void => {
    const { url = '', method = '' } = request;
    try {
      // An absolute form or an authority would name another server than the one that answers here.
      if (!url.startsWith('/'))
        throw new MlflowRefusal('INVALID_PARAMETER_VALUE', 'a request to this gateway begins its target with /');
      const call = findGatedCall(method, url);
      if (!call) {
        upstream.pass(request, response);
        return;
      }
      if (awaitsContinue) response.writeContinue();
      void decide(call, request, response);
    } catch (error) {
      response.setHeader('connection', 'close');
      sendRefusal(response, toRefusal(error));
    }
  };

  const server = createServer({ insecureHTTPParser: false, keepAliveTimeout: IDLE_MS, requestTimeout: 0 });
  server.on('request', (request, response) => receive(request, response, false));
  server.on('checkContinue', (request, response) => receive(request, response, true));
  server.on('connect', (_, socket) => socket.destroy());
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  events.listening(host, bound);
  return {
    port: bound,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      upstream[Symbol.dispose]();
    },
  };
}

function sendAnswer(response: ServerResponse, { status, rawHeaders, body }: Answered): void {
  response.writeHead(status, [...rawHeaders]);
  response.end(body);
}

/** What cannot be decided is not let through, and nothing of the cluster's is told to whoever is not of it. */
function toRefusal(error: unknown): MlflowRefusal {
  if (error instanceof MlflowRefusal) return error;
  if (error instanceof RegistryError)
    return new MlflowRefusal('TEMPORARILY_UNAVAILABLE', error.message, { cause: error });
  if (error instanceof KubeApiError && (error.code === 'invalid' || error.code === 'forbidden') && error.answer)
    return new MlflowRefusal('PERMISSION_DENIED', `Kubernetes refuses this request: ${error.answer}`, { cause: error });
  if (error instanceof KubeApiError)
    return new MlflowRefusal(
      'TEMPORARILY_UNAVAILABLE',
      'the gateway cannot ask Kubernetes for a decision, so nothing is changed: try again later',
      { cause: error },
    );
  return new MlflowRefusal('INTERNAL_ERROR', 'internal error of the gateway: see its log', { cause: error });
}
