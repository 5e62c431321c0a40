/** Kinds that the guard looks at by default. */
export const WORKLOAD_KINDS = [
  'InferenceService',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
  'Pod',
] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** KServe's kind as the API server sees it: this one's CRD lets anything into the spec, as no controller reads it. */
export const KSERVE_STAND_IN = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'inferenceservices.serving.kserve.io' },
  spec: {
    group: 'serving.kserve.io',
    scope: 'Namespaced',
    names: {
      kind: 'InferenceService',
      listKind: 'InferenceServiceList',
      plural: 'inferenceservices',
      singular: 'inferenceservice',
      shortNames: ['isvc'],
    },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
} as const;

interface WorkloadMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly Record<string, unknown>[];
  /** Of the pod template. */
  readonly template?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** @returns the smallest object of its kind that the API server takes. */
export function aWorkload(
  kind: WorkloadKind,
  name: string,
  { template = {}, ...metadata }: WorkloadMetadata = {},
): Record<string, unknown> {
  const app = { app: name };
  const pod = (restartPolicy = 'Always') => ({ restartPolicy, containers: [{ name: 'server', image: 'server:1' }] });
  const podTemplate = { metadata: { ...template, labels: { ...app, ...template.labels } }, spec: pod() };
  const jobTemplate = { metadata: template, spec: pod('Never') };
  const build = (apiVersion: string, spec: Record<string, unknown>) => ({
    apiVersion,
    kind,
    metadata: { name, ...metadata },
    spec,
  });
  switch (kind) {
    case 'InferenceService':
      return build('serving.kserve.io/v1beta1', {
        predictor: { minReplicas: 1, model: { modelFormat: { name: 'sklearn' }, storageUri: 's3://models/7' } },
      });
    case 'Deployment':
    case 'DaemonSet':
    case 'ReplicaSet':
      return build('apps/v1', { selector: { matchLabels: app }, template: podTemplate });
    case 'StatefulSet':
      return build('apps/v1', { serviceName: name, selector: { matchLabels: app }, template: podTemplate });
    case 'ReplicationController':
      return build('v1', { selector: app, template: podTemplate });
    case 'Job':
      return build('batch/v1', { template: jobTemplate });
    case 'CronJob':
      return build('batch/v1', { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: jobTemplate } } });
    case 'Pod':
      return build('v1', pod());
  }
}
