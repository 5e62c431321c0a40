import { GROUP } from '../api/index.ts';
import { buildMetadata, type Manifest, type Templated } from './manifest.ts';
import { GATEWAY_NAME } from './names.ts';
import { CONTAINER_SECURITY, POD_SECURITY } from './pod-security.ts';

const PORT = 5001;
const RBAC_VERSION = 'rbac.authorization.k8s.io/v1';
const SELECTOR = { 'app.kubernetes.io/component': 'gateway', 'app.kubernetes.io/name': 'assent' } as const;

export interface GatewayManifestOptions {
  /** The operator's namespace: the gateway's ServiceAccount stands there, and nowhere else is its word taken. */
  readonly namespace: string;
  /** Where its ModelVersions are. */
  readonly modelNamespace: string;
  readonly image: string;
  readonly replicas: Templated<number>;
  readonly registry: string;
  readonly timeout: string;
  readonly resources: Templated<{
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  }>;
  /** Come after the gateway's own. */
  readonly extraArgs: readonly string[];
  readonly extraVolumes: readonly unknown[];
  readonly extraVolumeMounts: readonly unknown[];
}

/** @returns the gateway's ServiceAccount, what it may do in the one namespace, its Deployment and its Service. */
export function buildGatewayManifests(options: GatewayManifestOptions): readonly Manifest[] {
  const { namespace, modelNamespace, replicas } = options;
  const metadata = buildMetadata(GATEWAY_NAME, { namespace, labels: SELECTOR });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: RBAC_VERSION,
      kind: 'RoleBinding',
      metadata: buildMetadata(GATEWAY_NAME, { namespace: modelNamespace }),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: GATEWAY_NAME },
      subjects: [{ kind: 'ServiceAccount', name: GATEWAY_NAME, namespace }],
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: SELECTOR },
        template: { metadata: { labels: SELECTOR }, spec: buildPodSpec(options) },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: SELECTOR, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
  ];
}

/** @returns what the gateway may do where it is bound: it asks for stages, and cannot approve. */
export function buildGatewayRole(): Manifest {
  return {
    apiVersion: RBAC_VERSION,
    kind: 'ClusterRole',
    metadata: buildMetadata(GATEWAY_NAME),
    rules: [
      { apiGroups: [GROUP], resources: ['modelversions'], verbs: ['get', 'list', 'create', 'patch'] },
      { apiGroups: [GROUP], resources: ['modelregistries'], verbs: ['list'] },
    ],
  };
}

function buildPodSpec(options: GatewayManifestOptions): Record<string, unknown> {
  const { image, resources, registry, timeout, modelNamespace, extraArgs, extraVolumes, extraVolumeMounts } = options;
  return {
    serviceAccountName: GATEWAY_NAME,
    securityContext: POD_SECURITY,
    containers: [
      {
        name: 'gateway',
        image,
        command: ['assent', 'gateway'],
        args: [
          ...['--registry', registry, '--listen', `0.0.0.0:${PORT}`],
          ...['--namespace', modelNamespace, '--timeout', timeout],
          ...extraArgs,
        ],
        ports: [{ name: 'http', containerPort: PORT }],
        // MLflow may be away while the gateway is well: whether it listens is all that a restart could cure.
        livenessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 10, failureThreshold: 6 },
        readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 5 },
        resources,
        securityContext: CONTAINER_SECURITY,
        volumeMounts: [...extraVolumeMounts],
      },
    ],
    volumes: [...extraVolumes],
  };
}
