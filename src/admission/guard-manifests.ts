import { GROUP, STAGE_APPROVALS_NAME } from '../api/index.ts';
import { DEFAULT_GUARD_CHOICES, type GuardChoices } from './guard-choices.ts';
import { buildGuardPolicy } from './guard-policy.ts';
import type { Manifest } from './manifest.ts';
import { DEFAULT_NAMESPACE, GUARD_NAME } from './names.ts';
import { bindClusterRole, buildClusterRole } from './rbac.ts';

export interface GuardOptions extends Partial<GuardChoices> {
  /** The operator's namespace. */
  readonly namespace?: string;
}

/**
 * @returns the deployment guard: what the operator may write for it, then the policy and its binding. Where the policy
 * is missing, the operator writes nothing for it.
 */
export function buildGuardManifests({
  namespace = DEFAULT_NAMESPACE,
  ...choices
}: GuardOptions = {}): readonly Manifest[] {
  const rule = { apiGroups: [GROUP], resources: ['stageapprovals'] };
  return [
    buildClusterRole(GUARD_NAME, [
      // RBAC cannot limit a create to a name.
      { ...rule, verbs: ['create'] },
      { ...rule, resourceNames: [STAGE_APPROVALS_NAME], verbs: ['get', 'list', 'watch', 'delete'] },
      {
        apiGroups: [GROUP],
        resources: ['stageapprovals/status'],
        resourceNames: [STAGE_APPROVALS_NAME],
        verbs: ['get', 'update'],
      },
    ]),
    bindClusterRole(GUARD_NAME, namespace),
    ...buildGuardPolicy({ ...DEFAULT_GUARD_CHOICES, ...choices }),
  ];
}
