import { untilReady } from './api-server-readiness.ts';
import type { ControlPlaneBinaries } from './control-plane-binaries.ts';
import { apiServerProgram } from './control-plane-programs.ts';
import { DevError } from './dev-error.ts';
import { readServerPort, serverUrl, writeServerPort } from './kubeconfig.ts';
import type { Authority } from './pki.ts';
import { describeEnd, describeLog, saysPortTaken } from './program-log.ts';
import { findFreePort } from './server-port.ts';
import type { SupervisedProgram, Supervisor } from './supervisor.ts';

/** What an API server is started from. */
export interface ApiServerParts {
  readonly folder: string;
  readonly binaries: ControlPlaneBinaries;
  readonly supervisor: Supervisor;
  readonly authority: Authority;
  /** Resolves, with a text for people, when there is no etcd any more. */
  readonly etcdEnded: Promise<string>;
}

/** An API server that can be stopped and started again on its port and data. */
export interface ApiServer {
  readonly url: string;
  readonly processIds: readonly number[];
  /** Resolves, with a text for people, when it ends without having been told to. */
  readonly endedUnasked: Promise<string>;
  stop(signal: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

// Generous: a machine that is busy building takes many times the usual two seconds.
const READY_WITHIN_MS = 180_000;
const ATTEMPTS = 5;

/** Starts the API server and waits until it is ready. A port that another process takes first is replaced. */
export async function startApiServer(parts: ApiServerParts): Promise<ApiServer> {
  const unasked = Promise.withResolvers<string>();
  let port = await findFreePort(await readServerPort(parts.folder));
  let running: SupervisedProgram | undefined;
  const watchOver = (program: SupervisedProgram) => {
    running = program;
    program.exited.then(async () => {
      if (running !== program) return;
      running = undefined;
      unasked.resolve(await describeEnd(apiServerProgram(parts.folder, parts.binaries, port)));
    });
  };

  for (let attempt = 1; ; attempt++) {
    await writeServerPort(parts.folder, port);
    const result = await launch(parts, port);
    if (result.kind === 'ready') {
      watchOver(result.program);
      break;
    }
    if (!result.portTaken || attempt === ATTEMPTS) throw new DevError('StartFailed', result.message);
    port = await findFreePort(undefined);
  }

  return {
    url: serverUrl(port),
    get processIds() {
      return running === undefined ? [] : [running.pid];
    },
    endedUnasked: unasked.promise,
    async stop(signal) {
      const program = running;
      running = undefined;
      program?.signal(signal);
      await program?.exited;
    },
    async start() {
      if (running !== undefined) return;
      const result = await launch(parts, port);
      if (result.kind !== 'ready') throw new DevError('StartFailed', result.message);
      watchOver(result.program);
    },
  };
}

type Launch =
  | { readonly kind: 'ready'; readonly program: SupervisedProgram }
  | { readonly kind: 'failed'; readonly message: string; readonly portTaken: boolean };

async function launch(
  { folder, binaries, supervisor, authority, etcdEnded }: ApiServerParts,
  port: number,
): Promise<Launch> {
  const spec = apiServerProgram(folder, binaries, port);
  const program = await supervisor.start(spec);
  const settled = new AbortController();
  const ended = program.exited.then(() => describeEnd(spec));
  const ready = untilReady(
    serverUrl(port),
    authority,
    AbortSignal.any([settled.signal, AbortSignal.timeout(READY_WITHIN_MS)]),
  );
  try {
    const message = await Promise.race([ready, ended, etcdEnded]);
    if (message === undefined) return { kind: 'ready', program };
    return { kind: 'failed', message, portTaken: await saysPortTaken(spec) };
  } catch (cause) {
    const log = await describeLog(spec.logFile);
    throw new DevError('StartFailed', `kube-apiserver was not ready after ${READY_WITHIN_MS / 1000} s. ${log}`, {
      cause,
    });
  } finally {
    settled.abort();
  }
}
