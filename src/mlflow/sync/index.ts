export { buildModelVersion } from './build-model-version.ts';
export { diffRegistry, type RegistryDifference } from './diff-registry.ts';
export { exportModel } from './export-model.ts';
export { createModelRegistries, type ModelRegistries } from './model-registries.ts';
export { planImport } from './plan-import.ts';
export { readFacts, type VersionFacts, withoutFacts } from './read-facts.ts';
export { SYNC_ANNOTATION } from './registry-annotations.ts';
export { createVersionIndex, type VersionIndex } from './version-index.ts';
export { createModelVersion, patchModelVersion } from './write-version.ts';
