import { API_VERSION, type ModelRegistryStatus, type ModelVersion } from '../../api/index.ts';
import { type Cluster, createEventOnce } from '../../kube/index.ts';
import type { Clock } from '../ports.ts';

const CONTROLLER = 'assent.dev/registry';

/**
 * Tells on the version that somebody moved it in the registry.
 *
 * @throws KubeApiError
 */
export async function recordDrift(
  { metadata, status }: ModelVersion,
  { found, decided }: NonNullable<ModelRegistryStatus['drifted']>[number],
  reverted: boolean,
  { cluster, clock }: { readonly cluster: Cluster; readonly clock: Clock },
): Promise<void> {
  const { namespace, name, uid = '', resourceVersion = '' } = metadata;
  const done = reverted ? '; it was put back' : '';
  // The same drift found again a second later is the same Event.
  await createEventOnce(cluster, [uid, found, status?.exported], {
    type: 'Warning',
    action: 'Compare',
    reason: 'RegistryDrifted',
    note: `somebody moved it to ${found} in the registry, and ${decided} was decided${done}`,
    at: clock(),
    controller: CONTROLLER,
    regarding: { apiVersion: API_VERSION, kind: 'ModelVersion', namespace, name, uid, resourceVersion },
  });
}
