export { createModelRegistries, type ModelRegistries } from './model-registries.ts';
