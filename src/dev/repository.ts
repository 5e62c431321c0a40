import { join } from 'node:path';

/** The root of this checkout. */
export const repositoryRoot = join(import.meta.dirname, '..', '..');

/** Where `npm start` keeps its control plane: certificates, etcd's data, logs, kubeconfigs. */
export const controlPlaneFolder = join(repositoryRoot, '.assent');
