import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from './api-server.ts';
import { ensureControlPlane } from './control-plane-binaries.ts';
import { etcdProgram } from './control-plane-programs.ts';
import { lockFolder } from './folder-lock.ts';
import { issueKubeconfig, type KubeconfigRequest } from './kubeconfig.ts';
import { preparePki } from './pki.ts';
import { endRecordedProcesses } from './process-record.ts';
import { describeEnd } from './program-log.ts';
import type { Report } from './progress.ts';
import { startSupervisor } from './supervisor.ts';

export interface ControlPlaneOptions {
  /**
   * Keeps data, certificates and logs; a later start in the same folder goes on with them. Default: a temporary folder,
   * without fsync, removed at the end.
   */
  readonly folder?: string;
  /** Takes lines on the progress of a build that lasts, and on a program that ended by itself. */
  readonly report?: Report;
}

/** A running kube-apiserver and its etcd. They end with this process, however it ends. */
export interface ControlPlane extends AsyncDisposable {
  /** Path of the kubeconfig of an administrator (group system:masters). */
  readonly kubeconfig: string;
  readonly url: string;
  /** Path of a kubectl of the server's version. */
  readonly kubectl: string;
  readonly folder: string;
  /** The ids of the processes that run now. */
  readonly processIds: readonly number[];
  /** Writes a kubeconfig for any user; see {@link issueKubeconfig}. */
  issueKubeconfig(request: KubeconfigRequest): Promise<string>;
  /** Ends the API server alone. Without a signal it ends as in a rolling update; SIGKILL makes it crash. */
  stopApiServer(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts a stopped API server again, on the same port and data, and waits until it is ready. */
  startApiServer(): Promise<void>;
  /** Resolves when one of the programs has ended by itself: what is left is of no use. */
  readonly broken: Promise<void>;
  /** Ends everything; resolves when no process is left. */
  stop(): Promise<void>;
}

// How long a program may take to end by itself when its data are kept.
const GRACE_MS = 3_000;

/**
 * Starts a control plane on 127.0.0.1 and waits until it is ready. What a killed process left in the folder is ended
 * first.
 *
 * @throws DevError `AlreadyRunning` where one runs in this folder; others say what failed, with the program's last words
 * @example
 * await using controlPlane = await startControlPlane({});
 * const alice = await controlPlane.issueKubeconfig({ user: 'alice', groups: ['ml-leads'] });
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const report = options.report ?? console.error;
  const binaries = await ensureControlPlane(report);
  const temporary = options.folder === undefined;
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'assent-')));
  await mkdir(join(folder, 'logs'), { recursive: true, mode: 0o700 });
  const kubeconfig = join(folder, 'kubeconfig');

  await using undo = new AsyncDisposableStack();
  if (temporary) undo.defer(() => rm(folder, { recursive: true, force: true }));
  undo.defer(await lockFolder(folder, kubeconfig));
  const recordFile = join(folder, 'processes.json');
  await endRecordedProcesses(recordFile);
  for (const log of ['etcd', 'kube-apiserver', 'supervisor'])
    await rm(join(folder, 'logs', `${log}.log`), { force: true });
  const authority = await preparePki(folder, new Date());

  const plan = temporary ? { recordFile, graceMs: 0, temporaryFolder: folder } : { recordFile, graceMs: GRACE_MS };
  const supervisor = startSupervisor(plan, join(folder, 'logs', 'supervisor.log'));
  undo.defer(() => supervisor.end());
  const etcdSpec = etcdProgram(folder, binaries, !temporary);
  const etcd = await supervisor.start(etcdSpec);
  const etcdEnded = etcd.exited.then(() => describeEnd(etcdSpec));
  const apiServer: ApiServer = await startApiServer({ folder, binaries, supervisor, authority, etcdEnded });
  await issueKubeconfig(folder, { user: 'admin', groups: ['system:masters'], path: kubeconfig });

  const running = undo.move();
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= running.disposeAsync();
    return stopping;
  };
  const broken = Promise.withResolvers<void>();
  for (const ended of [etcdEnded, apiServer.endedUnasked])
    ended.then((text) => {
      if (stopping !== undefined) return;
      report(text);
      broken.resolve();
    });

  return {
    kubeconfig,
    url: apiServer.url,
    kubectl: binaries.kubectl,
    folder,
    get processIds() {
      return [etcd.pid, ...apiServer.processIds];
    },
    issueKubeconfig: (request) => issueKubeconfig(folder, request),
    stopApiServer: (signal = 'SIGTERM') => apiServer.stop(signal),
    startApiServer: () => apiServer.start(),
    broken: broken.promise,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
