export { createMlflowClient, type MlflowClient, RegistryError } from './client/index.ts';
export { type GuardedAlias, parseGuardedAlias, startGateway } from './gateway/index.ts';
export type { StoredVersions } from './ports.ts';
export { MODEL_REGISTRIES } from './resources.ts';
export {
  createModelRegistries,
  createVersionIndex,
  diffRegistry,
  exportModel,
  planImport,
  type RegistryDifference,
  SYNC_ANNOTATION,
  type VersionIndex,
} from './sync/index.ts';
export { startWebhookServer } from './webhook/webhook-server.ts';
