// Runs once before the tests of a project (vitest.config.ts): builds what is missing, and gives the end-to-end tests one
// cluster to share. It is a local control plane that ends with the run, or the user's own where ASSENT_E2E_KUBECONFIG
// names its kubeconfig. A test takes it with `inject('cluster')`.
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
    cluster: Cluster;
  }
}

export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  await ensureCompiler();
  const own = process.env.ASSENT_E2E_KUBECONFIG;
  if (project.name === 'e2e' && own) {
    project.provide('cluster', await existingCluster(own));
    return undefined;
  }
  await ensureControlPlane();
  if (project.name !== 'e2e') return undefined;
  const { kubeconfig, kubectl, folder, stop } = await startControlPlane({});
  project.provide('cluster', { kubeconfig, kubectl, folder });
  return stop;
}
