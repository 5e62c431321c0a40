import { GROUP, VERSION } from '../api/index.ts';
import type { ResourceType } from './resource-type.ts';

export const MODEL_VERSIONS: ResourceType = {
  group: GROUP,
  version: VERSION,
  plural: 'modelversions',
  kind: 'ModelVersion',
  namespaced: true,
};
