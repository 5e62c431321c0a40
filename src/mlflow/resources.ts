import { GROUP, VERSION } from '../api/index.ts';
import type { ResourceType } from '../kube/index.ts';

const ours = { group: GROUP, version: VERSION, namespaced: true };

export const MODEL_REGISTRIES: ResourceType = { ...ours, plural: 'modelregistries', kind: 'ModelRegistry' };

export const MODEL_VERSIONS: ResourceType = { ...ours, plural: 'modelversions', kind: 'ModelVersion' };
