export { buildModelVersion } from './build-model-version.ts';
export { createModelRegistries, type ModelRegistries } from './model-registries.ts';
export { readFacts, type VersionFacts, withoutFacts } from './read-facts.ts';
export { createModelVersion, patchModelVersion } from './write-version.ts';
