import { GROUP, VERSION } from '../api/index.ts';
import type { ResourceType } from '../kube/index.ts';

export const MODEL_REGISTRIES: ResourceType = {
  group: GROUP,
  version: VERSION,
  plural: 'modelregistries',
  kind: 'ModelRegistry',
  namespaced: true,
};
