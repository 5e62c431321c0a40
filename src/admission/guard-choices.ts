import { LABELS } from '../api/index.ts';
import type { Templated } from './manifest.ts';

/** Which requests are looked at, in Kubernetes' own form. */
export interface GuardedResources {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly ('CREATE' | 'UPDATE')[];
  readonly resources: readonly string[];
  /** The guard looks into the StageApprovals of the request's namespace, so there must be one. */
  readonly scope: 'Namespaced';
}

/** What whoever installs the guard may choose; in the chart these are values of the same names. */
export interface GuardChoices {
  /** What is guarded. */
  readonly resources: Templated<readonly GuardedResources[]>;
  /** The kinds that must name a version. Others are guarded where they do name one. */
  readonly versionRequired: Templated<readonly string[]>;
  /** Where a workload names its version, if not by a label: the fields' names, the outermost first. */
  readonly versionPath: Templated<readonly string[]>;
  /** Whether what a controller makes of a workload, such as the pods of a Deployment, is checked again. */
  readonly checkControlled: Templated<boolean>;
}

/**
 * All that starts a container, because who is refused a Deployment may try a Pod. What a controller makes of them
 * passes: a version that is archived must not lose what runs already when a node fails.
 */
export const DEFAULT_GUARD_CHOICES: GuardChoices = {
  resources: [
    guarded('serving.kserve.io', ['inferenceservices']),
    guarded('apps', ['deployments', 'statefulsets', 'daemonsets', 'replicasets']),
    guarded('batch', ['jobs', 'cronjobs']),
    guarded('', ['pods', 'replicationcontrollers']),
  ],
  versionRequired: [
    'InferenceService',
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'ReplicaSet',
    'Job',
    'CronJob',
    'Pod',
    'ReplicationController',
  ],
  // A label holds 63 characters, and the name of a ModelVersion may have more.
  versionPath: ['metadata', 'annotations', LABELS.modelVersion],
  checkControlled: false,
};

function guarded(apiGroup: string, resources: readonly string[]): GuardedResources {
  return {
    apiGroups: [apiGroup],
    apiVersions: ['*'],
    operations: ['CREATE', 'UPDATE'],
    resources,
    scope: 'Namespaced',
  };
}
