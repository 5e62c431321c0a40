import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { buildAdmissionManifests, buildRbacManifests, DEFAULT_NAMESPACE, type Manifest } from '../admission/index.ts';
import { ANNOTATIONS, API_VERSION, approversMessage, buildCrds, GROUP, VERSION } from '../api/index.ts';
import { applyManifest, type Cluster, KubeApiError } from '../kube/index.ts';
import { DevError } from './dev-error.ts';

const FIELD_MANAGER = 'assent-installer';
const LIMIT_MS = 60_000;

/**
 * Installs what the chart installs, from the same source, all but the operator's Deployment: the CRDs, its namespace,
 * RBAC and the admission policies. Applied again, it changes nothing. Resolves when the API server enforces all of it.
 *
 * @param cluster with an administrator's rights
 */
export async function install(cluster: Cluster): Promise<void> {
  for (const crd of buildCrds()) await applyManifest(cluster, crd, FIELD_MANAGER);
  await until('the kinds are served', async () => {
    await cluster.request({ method: 'GET', path: `/apis/${GROUP}/${VERSION}/modelversions`, query: { limit: '1' } });
    return true;
  });
  const namespace: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: DEFAULT_NAMESPACE } };
  for (const manifest of [namespace, ...buildRbacManifests(), ...buildAdmissionManifests()]) {
    await applyManifest(cluster, manifest, FIELD_MANAGER);
  }
  await until('the admission policies are in force', () => admissionIsInForce(cluster));
}

/** A new kind takes some seconds to be known to admission policies. A dry run tells: it must be stamped, and checked. */
async function admissionIsInForce(cluster: Cluster): Promise<boolean> {
  const created = await dryRun(cluster, {});
  const { metadata } = z
    .object({ metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }) })
    .parse(created);
  if (metadata.annotations?.[ANNOTATIONS.submittedBy] === undefined) return false;
  const probes: readonly [Record<string, unknown>, Record<string, string>, string][] = [
    [{ approvers: 'bob' }, {}, approversMessage('bob')],
    [{}, { [ANNOTATIONS.approve]: 'x', [ANNOTATIONS.reject]: 'y' }, ''],
  ];
  for (const [spec, annotations, message] of probes) {
    const refused = await dryRun(cluster, spec, annotations).then(
      () => false,
      (error: unknown) => error instanceof KubeApiError && error.message.includes(message),
    );
    if (!refused) return false;
  }
  return true;
}

function dryRun(
  cluster: Cluster,
  spec: Record<string, unknown>,
  annotations: Record<string, string> = {},
): Promise<unknown> {
  const body = {
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata: { generateName: 'installation-probe-', annotations },
    spec: { model: 'probe', version: '1', stage: 'None', ...spec },
  };
  const path = `/apis/${GROUP}/${VERSION}/namespaces/default/modelversions`;
  return cluster.request({ method: 'POST', path, query: { dryRun: 'All' }, body });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  let last: unknown;
  while (performance.now() < end) {
    try {
      if (await holds()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new DevError('NotInstalled', `Waited ${LIMIT_MS / 1000} s and still it does not hold that ${what}.`, {
    cause: last,
  });
}
