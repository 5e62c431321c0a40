import { GROUP, VERSION } from '../api/index.ts';
import type { ResourceType } from '../kube/index.ts';
import type { PolicyKind } from './ports.ts';

const ours = { group: GROUP, version: VERSION };

export const POLICIES: Readonly<Record<PolicyKind, ResourceType>> = {
  ApprovalPolicy: { ...ours, plural: 'approvalpolicies', kind: 'ApprovalPolicy', namespaced: true },
  ClusterApprovalPolicy: {
    ...ours,
    plural: 'clusterapprovalpolicies',
    kind: 'ClusterApprovalPolicy',
    namespaced: false,
  },
};

export const NOTIFICATIONS: ResourceType = {
  ...ours,
  plural: 'notifications',
  kind: 'Notification',
  namespaced: true,
};

export const STAGE_APPROVALS: ResourceType = {
  ...ours,
  plural: 'stageapprovals',
  kind: 'StageApprovals',
  namespaced: true,
};

export const VALIDATING_POLICIES: Readonly<Record<'policy' | 'binding', ResourceType>> = {
  policy: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'validatingadmissionpolicies',
    kind: 'ValidatingAdmissionPolicy',
    namespaced: false,
  },
  binding: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'validatingadmissionpolicybindings',
    kind: 'ValidatingAdmissionPolicyBinding',
    namespaced: false,
  },
};

export const NAMESPACES: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

export const CONFIG_MAPS: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
