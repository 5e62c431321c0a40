import type { ModelRegistry } from '../../api/index.ts';
import type { MlflowClient } from '../client/index.ts';
import { matchesModel } from '../matches-model.ts';
import type { Clock } from '../ports.ts';
import { buildModelVersion } from './build-model-version.ts';
import { gatherFacts } from './compare-registry.ts';
import type { VersionIndex } from './version-index.ts';

/**
 * @returns the ModelVersions of all registered versions that have none, one after the other
 * @throws RegistryError
 */
export async function* planImport(
  registry: ModelRegistry,
  ports: { readonly client: MlflowClient; readonly index: VersionIndex; readonly clock: Clock },
): AsyncGenerator<ReturnType<typeof buildModelVersion>> {
  const { name, namespace = '' } = registry.metadata;
  for await (const page of ports.client.listVersions()) {
    for (const registered of page) {
      const { model, version, ready } = registered;
      if (!ready || !matchesModel(registry, model) || ports.index.find(model, version) !== undefined) continue;
      const { facts } = await gatherFacts(registered, registry, ports);
      yield buildModelVersion(facts, { namespace, registry: name, spec: registry.spec });
    }
  }
}
