// Runs once before the tests of a project (vitest.config.ts): builds what is missing, and gives the end-to-end tests a
// cluster for each worker. They are local control planes that end with the run, or the user's own cluster where
// ASSENT_E2E_KUBECONFIG names its kubeconfig: it has one worker then. A test takes its own with `sharedCluster()`.
import type { TestProject } from 'vitest/node';
import {
  type Cluster,
  ensureCompiler,
  ensureControlPlane,
  existingCluster,
  startControlPlane,
} from '../src/dev/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    clusters: readonly Cluster[];
  }
}

export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  await ensureCompiler();
  const own = process.env.ASSENT_E2E_KUBECONFIG;
  if (project.name === 'e2e' && own) {
    project.provide('clusters', [await existingCluster(own)]);
    return undefined;
  }
  await ensureControlPlane();
  if (project.name !== 'e2e') return undefined;
  const controlPlanes = await Promise.all(
    Array.from({ length: project.config.maxWorkers }, () => startControlPlane({})),
  );
  project.provide(
    'clusters',
    controlPlanes.map(({ kubeconfig, kubectl, folder }) => ({ kubeconfig, kubectl, folder })),
  );
  return async () => {
    await Promise.all(controlPlanes.map(({ stop }) => stop()));
  };
}
