import { APPROVE_VERB, GROUP } from '../api/index.ts';
import { buildGatewayRole } from './gateway-manifests.ts';
import { buildMetadata, type Manifest } from './manifest.ts';
import {
  ADMISSION_NAMES,
  ADMISSION_STATE_NAME,
  DEFAULT_NAMESPACE,
  GUARD_NAME,
  OPERATOR_NAME,
  PUBLIC_KEYS_NAME,
  SIGNING_KEYS_NAME,
} from './names.ts';

const API_VERSION = 'rbac.authorization.k8s.io/v1';
const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete'];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Kubernetes' own ClusterRoles that a role of ours adds to; `view` is part of `edit`, and `edit` of `admin`. */
type BuiltInRole = 'view' | 'edit' | 'admin';

export interface RbacOptions {
  /** The operator's namespace. */
  readonly namespace?: string;
}

/** @returns the ClusterRoles for people, and what the operator may do. */
export function buildRbacManifests({ namespace = DEFAULT_NAMESPACE }: RbacOptions = {}): readonly Manifest[] {
  return [...buildPeopleRoles(), ...buildOperatorRoles(namespace), buildGatewayRole()];
}

function buildPeopleRoles(): readonly Manifest[] {
  return [
    buildClusterRole(
      'assent-viewer',
      [
        ours(
          [
            'modelversions',
            'approvalpolicies',
            'clusterapprovalpolicies',
            'modelregistries',
            'stageapprovals',
            'notifications',
          ],
          READ,
        ),
      ],
      ['view'],
    ),
    buildClusterRole('assent-submitter', [ours(['modelversions'], [...READ, ...WRITE])], ['edit']),
    // Not in `edit`: who may submit a version must not thereby approve it.
    buildClusterRole('assent-approver', [ours(['modelversions'], [...READ, 'patch', APPROVE_VERB])], ['admin']),
    // Not in `edit` either: whoever writes the policies can let every version through.
    buildClusterRole(
      'assent-policy-author',
      [ours(['approvalpolicies', 'notifications'], [...READ, ...WRITE])],
      ['admin'],
    ),
    // Nor this: whoever names the registry chooses who says what is a fact.
    buildClusterRole('assent-registry-author', [ours(['modelregistries'], [...READ, ...WRITE])], ['admin']),
    // In none: a namespace's admin does not write policies for the cluster.
    buildClusterRole('assent-cluster-policy-author', [
      ours(['approvalpolicies', 'clusterapprovalpolicies'], [...READ, ...WRITE]),
    ]),
  ];
}

/**
 * The operator reads versions, policies and registries and writes their status. It can neither change a version nor approve
 * one; where a ModelRegistry imports, an administrator gives it `assent-submitter` in that namespace.
 */
function buildOperatorRoles(namespace: string): readonly Manifest[] {
  const subjects = [operatorSubject(namespace)];
  const metadata = buildMetadata(OPERATOR_NAME, { namespace });
  return [
    buildClusterRole(OPERATOR_NAME, [
      ours(['modelversions', 'approvalpolicies', 'clusterapprovalpolicies', 'modelregistries', 'notifications'], READ),
      ours(
        [
          'modelversions/status',
          'approvalpolicies/status',
          'clusterapprovalpolicies/status',
          'modelregistries/status',
          'notifications/status',
        ],
        ['get', 'update', 'patch'],
      ),
      { apiGroups: [''], resources: ['namespaces'], verbs: READ },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: [
          'validatingadmissionpolicies',
          'validatingadmissionpolicybindings',
          'mutatingadmissionpolicies',
          'mutatingadmissionpolicybindings',
        ],
        // Only by name: a list or a watch needs the field selector metadata.name=NAME.
        resourceNames: [...Object.values(ADMISSION_NAMES), GUARD_NAME],
        verbs: READ,
      },
    ]),
    bindClusterRole(OPERATOR_NAME, namespace),
    {
      apiVersion: API_VERSION,
      kind: 'Role',
      metadata,
      rules: [
        { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...READ, 'create', 'update', 'patch'] },
        // RBAC cannot limit a create to a name.
        { apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['create'] },
        { apiGroups: [''], resources: ['secrets'], resourceNames: [SIGNING_KEYS_NAME], verbs: ['get'] },
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: [PUBLIC_KEYS_NAME, ADMISSION_STATE_NAME],
          verbs: ['get', 'patch'],
        },
      ],
    },
    {
      apiVersion: API_VERSION,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: OPERATOR_NAME },
      subjects,
    },
    ...buildPublicKeysAccess(namespace),
  ];
}

/** Whoever wants to check a signature needs the public keys, and may have them. */
function buildPublicKeysAccess(namespace: string): readonly Manifest[] {
  const metadata = buildMetadata(PUBLIC_KEYS_NAME, { namespace });
  return [
    {
      apiVersion: API_VERSION,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [PUBLIC_KEYS_NAME], verbs: ['get'] }],
    },
    {
      apiVersion: API_VERSION,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: PUBLIC_KEYS_NAME },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' }],
    },
  ];
}

function ours(resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [GROUP], resources, verbs };
}

export function buildClusterRole(name: string, rules: readonly Rule[], partOf: readonly BuiltInRole[] = []): Manifest {
  const labels = Object.fromEntries(partOf.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']));
  return { apiVersion: API_VERSION, kind: 'ClusterRole', metadata: buildMetadata(name, { labels }), rules };
}

/** @returns the binding that gives a ClusterRole to the operator that runs in `namespace`. */
export function bindClusterRole(name: string, namespace: string): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: buildMetadata(name),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [operatorSubject(namespace)],
  };
}

function operatorSubject(namespace: string): Record<string, string> {
  return { kind: 'ServiceAccount', name: OPERATOR_NAME, namespace };
}
