export { applyManifest } from './apply-manifest.ts';
export { type Cluster, type ClusterOptions, loadCluster } from './cluster.ts';
export { createEvent } from './create-event.ts';
export { KubeApiError } from './kube-api-error.ts';
export { type ResourceType, resourcePath } from './resource-type.ts';
export { type CompactStore, createCompactStore, createPlainStore } from './store.ts';
export { updateStatus } from './update-status.ts';
export { watchResource } from './watch-resource.ts';
