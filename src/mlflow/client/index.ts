export { ModelFound, type RegisteredVersion, VersionFound, VersionPage } from './mlflow-answers.ts';
export { createMlflowClient, type MlflowClient } from './mlflow-client.ts';
export { RegistryError } from './registry-error.ts';
