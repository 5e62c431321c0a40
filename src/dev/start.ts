// `npm start`: a control plane on this machine, with everything installed and the operator running. Ctrl-C ends it.
// `npm start -- --guard` installs the deployment guard as well.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { buildGuardManifests, DEFAULT_NAMESPACE, operatorIdentity } from '../admission/index.ts';
import { GROUP, VERSION } from '../api/index.ts';
import { applyManifest, type Cluster, loadCluster } from '../kube/index.ts';
import { buildExamplePolicies, EXAMPLE_ACCESS } from './examples.ts';
import {
  type ControlPlane,
  controlPlaneFolder,
  DevError,
  ensureCompiler,
  ensureControlPlane,
  install,
  startControlPlane,
} from './index.ts';
import { readStartOptions } from './read-start-options.ts';
import { untilAskedToEnd } from './until-asked-to-end.ts';

const main = join(import.meta.dirname, '..', 'cli', 'main.ts');
const logFile = join(controlPlaneFolder, 'operator.log');
const ended = untilAskedToEnd();
const options = readStartOptions(process.argv.slice(2));

const PolicyList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ generation: z.number() }),
      status: z.object({ observedGeneration: z.number().optional() }).optional(),
    }),
  ),
});

if (options.kind === 'help') console.log(options.usage);
else if (options.kind === 'mistake') {
  console.error(options.problem);
  process.exitCode = 2;
} else {
  try {
    await start(options);
  } catch (error) {
    console.error(error instanceof DevError ? error.message : error);
    process.exitCode = 1;
  }
}

async function start({ guard }: { readonly guard: boolean }): Promise<void> {
  await ensureCompiler(console.log);
  await ensureControlPlane(console.log);
  console.log('Starting the control plane …');
  await using controlPlane = await startControlPlane({ folder: controlPlaneFolder, report: console.log });
  await using cluster = loadCluster({ kubeconfig: controlPlane.kubeconfig });
  console.log('Installing the kinds, RBAC, the admission policies and the example policies …');
  await install(cluster);
  for (const manifest of [...EXAMPLE_ACCESS, ...buildExamplePolicies(), ...(guard ? buildGuardManifests() : [])])
    await applyManifest(cluster, manifest, 'assent-start');
  await using _operator = await startOperatorProcess(controlPlane);
  const ready = await Promise.race([untilPoliciesReady(cluster).then(() => true), ended.then(() => false)]);
  if (!ready) return;
  console.log(renderNextSteps(controlPlane));
  const broken = await Promise.race([ended.then(() => false), controlPlane.broken.then(() => true)]);
  if (broken) {
    process.exitCode = 1;
    console.error('The control plane does not run any more. Start it again: what you created is kept.');
  }
  console.log('Stopping …');
}

/** The operator as it runs in a pod: a process of its own, with its ServiceAccount's identity and rights. */
async function startOperatorProcess({ issueKubeconfig }: ControlPlane): Promise<AsyncDisposable> {
  const kubeconfig = await issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE));
  const log = openSync(logFile, 'a');
  let stopping = false;
  let child = spawnOperator(kubeconfig, log);
  const watch = (): void => {
    child.once('exit', (code, signal) => {
      if (stopping) return;
      console.error(`The operator ended (${signal ?? code}): ${logFile} tells why. Starting it again.`);
      setTimeout(() => {
        if (stopping) return;
        child = spawnOperator(kubeconfig, log);
        watch();
      }, 1_000);
    });
  };
  watch();
  return {
    async [Symbol.asyncDispose]() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
      const hung = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await promise;
      clearTimeout(hung);
    },
  };
}

function spawnOperator(kubeconfig: string, log: number) {
  // The channel tells the operator when this process is gone, however it went.
  const stdio: ['ignore', number, number, 'ipc'] = ['ignore', log, log, 'ipc'];
  return spawn(process.execPath, [main, 'operator', '--kubeconfig', kubeconfig], { stdio, detached: true });
}

/** The operator has judged every policy: it is up, and may write. */
async function untilPoliciesReady(cluster: Cluster): Promise<void> {
  for (;;) {
    const path = `/apis/${GROUP}/${VERSION}/clusterapprovalpolicies`;
    const { items } = PolicyList.parse(await cluster.request({ method: 'GET', path }));
    if (items.length > 0 && items.every(({ metadata, status }) => status?.observedGeneration === metadata.generation))
      return;
    await sleep(100);
  }
}

function renderNextSteps({ kubeconfig, kubectl }: ControlPlane): string {
  return `
Assent runs. In another terminal, in this folder:

  export KUBECONFIG=${kubeconfig}
  alias kubectl=${kubectl}
  kubectl apply -f examples/modelversions/approved.yaml -f examples/modelversions/waiting.yaml
  kubectl get mv
  kubectl annotate mv churn-3 assent.dev/approve="checked the errors by hand" \\
    --kubeconfig "$(npm run -s assent -- dev kubeconfig --user alice --group ml-leads)"
  kubectl wait --for=condition=Approved mv/churn-3
  kubectl describe mv churn-3

The operator's log: ${logFile}
Ctrl-C ends all of it; what you created is kept for the next start.
`;
}
