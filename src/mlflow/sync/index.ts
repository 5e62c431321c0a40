export { diffRegistry, type RegistryDifference } from './diff-registry.ts';
export { exportModel } from './export-model.ts';
export { createModelRegistries, type ModelRegistries } from './model-registries.ts';
export { planImport } from './plan-import.ts';
export { SYNC_ANNOTATION } from './registry-annotations.ts';
export { createVersionIndex, type VersionIndex } from './version-index.ts';
