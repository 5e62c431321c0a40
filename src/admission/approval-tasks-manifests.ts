import { GROUP } from '../api/index.ts';
import type { Manifest } from './manifest.ts';
import { APPROVAL_TASKS_NAME, DEFAULT_NAMESPACE } from './names.ts';
import { bindClusterRole, buildClusterRole, type RbacOptions } from './rbac.ts';

/**
 * @returns what the operator may do to serve Tekton's CustomRuns. With it, whoever creates a CustomRun submits a version
 * through the operator, so it is installed by choice. The operator serves none where it is missing.
 */
export function buildApprovalTasksManifests({ namespace = DEFAULT_NAMESPACE }: RbacOptions = {}): readonly Manifest[] {
  return [
    buildClusterRole(APPROVAL_TASKS_NAME, [
      { apiGroups: ['tekton.dev'], resources: ['customruns'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['tekton.dev'], resources: ['customruns/status'], verbs: ['patch'] },
      { apiGroups: [GROUP], resources: ['modelversions'], verbs: ['create', 'patch'] },
    ]),
    bindClusterRole(APPROVAL_TASKS_NAME, namespace),
  ];
}
