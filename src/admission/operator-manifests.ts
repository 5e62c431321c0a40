import { buildMetadata, type Manifest, type Templated } from './manifest.ts';
import { OPERATOR_NAME } from './names.ts';
import { CONTAINER_SECURITY, POD_SECURITY } from './pod-security.ts';

const CACHE_PATH = '/var/cache/assent';
const HTTP_PORT = 8080;
const SELECTOR = { 'app.kubernetes.io/component': 'operator', 'app.kubernetes.io/name': 'assent' } as const;

export interface OperatorOptions {
  readonly namespace: string;
  readonly image: string;
  readonly replicas: Templated<number>;
  readonly resources: Templated<{
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  }>;
  /** Come after the operator's own. */
  readonly extraArgs: readonly string[];
  readonly extraVolumes: readonly unknown[];
  readonly extraVolumeMounts: readonly unknown[];
}

/** @returns the operator's ServiceAccount and Deployment. */
export function buildOperatorManifests(options: OperatorOptions): readonly Manifest[] {
  const metadata = buildMetadata(OPERATOR_NAME, { namespace: options.namespace, labels: SELECTOR });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: options.replicas,
        // Two operators at once are no danger (a stale write loses), but they do everything twice.
        strategy: { type: 'Recreate' },
        selector: { matchLabels: SELECTOR },
        template: { metadata: { labels: SELECTOR }, spec: buildPodSpec(options) },
      },
    },
  ];
}

function buildPodSpec(options: OperatorOptions): Record<string, unknown> {
  const { image, resources, extraArgs, extraVolumes, extraVolumeMounts } = options;
  return {
    serviceAccountName: OPERATOR_NAME,
    securityContext: { ...POD_SECURITY, fsGroup: POD_SECURITY.runAsGroup },
    containers: [
      {
        name: 'operator',
        image,
        command: ['assent', 'operator'],
        // The kubelet puts the namespace in: only this ServiceAccount's user may write a status.
        args: ['--health-port', String(HTTP_PORT), '--operator-namespace', '$(POD_NAMESPACE)', ...extraArgs],
        env: [
          { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
          // Where compiled policies are kept: the only place of its own that can be written.
          { name: 'ASSENT_CACHE', value: CACHE_PATH },
        ],
        ports: [{ name: 'http', containerPort: HTTP_PORT }],
        livenessProbe: {
          httpGet: { path: '/healthz', port: 'http' },
          periodSeconds: 10,
          timeoutSeconds: 5,
          failureThreshold: 6,
        },
        readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 5, timeoutSeconds: 5 },
        resources,
        securityContext: CONTAINER_SECURITY,
        volumeMounts: [{ name: 'cache', mountPath: CACHE_PATH }, ...extraVolumeMounts],
      },
    ],
    volumes: [{ name: 'cache', emptyDir: { sizeLimit: '1Gi' } }, ...extraVolumes],
  };
}
