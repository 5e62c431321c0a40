import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureFlux } from '../../src/dev/index.ts';
import { readLines } from '../../src/kube/watch-lines.ts';

/** By this label the controller takes on only the Kustomizations of its test, on a cluster that several share. */
export const SHARD_LABEL = 'sharding.fluxcd.io/key';

/** Flux's kustomize-controller in a process of its own. */
export interface KustomizeController extends AsyncDisposable {
  /** How often it has reconciled each Kustomization to the end, by name. */
  readonly reconciled: ReadonlyMap<string, number>;
  /** Its log. */
  readonly log: readonly string[];
}

export async function startKustomizeController(kubeconfig: string, shard: string): Promise<KustomizeController> {
  const { controller } = await ensureFlux();
  const folder = await mkdtemp(join(tmpdir(), 'assent-flux-'));
  const args = [
    '--feature-gates=ExternalArtifact=true,CancelHealthCheckOnNewRevision=true',
    `--watch-label-selector=${SHARD_LABEL}=${shard}`,
    '--metrics-addr=0',
    '--health-addr=127.0.0.1:0',
    '--log-encoding=json',
    '--requeue-dependency=1s',
    '--min-retry-delay=200ms',
    '--max-retry-delay=1s',
  ];
  const env = { ...process.env, KUBECONFIG: kubeconfig, TMPDIR: folder, RUNTIME_NAMESPACE: 'flux-system' };
  const child = spawn(controller, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const reconciled = new Map<string, number>();
  const log: string[] = [];
  const started = Promise.withResolvers<void>();
  child.once('error', started.reject);
  child.once('exit', () => started.reject(new Error(`kustomize-controller ended:\n${log.join('\n')}`)));
  const follow = async (output: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const line of readLines(output)) {
      log.push(line);
      if (line.includes('"msg":"Starting workers"')) started.resolve();
      const name = /"msg":"Reconciliation finished.*"name":"([^"]+)"/.exec(line)?.[1];
      if (name !== undefined) reconciled.set(name, (reconciled.get(name) ?? 0) + 1);
    }
  };
  const following = Promise.all([follow(child.stdout), follow(child.stderr)]);
  await started.promise;
  return {
    reconciled,
    log,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await following;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
