import { OPERATOR_NAME } from '../api/index.ts';

export { OPERATOR_NAME };

/**
 * The admission policies by name. Each is bound by a binding of the same name.
 */
export const ADMISSION_NAMES = {
  /** MutatingAdmissionPolicy: writes who decided and who submitted. */
  stamps: 'assent-stamps',
  /** ValidatingAdmissionPolicy: lets a decision through only with the verb, the right stamp, and nothing unrecorded. */
  decisions: 'assent-decisions',
  /** ValidatingAdmissionPolicy: only the operator writes a status. */
  status: 'assent-status',
  /** ValidatingAdmissionPolicy: `approvers` is a list, and what is decided has room. */
  schema: 'assent-schema',
} as const;

/**
 * ValidatingAdmissionPolicy: the deployment guard, which is installed by choice. It has no part in whether an approval
 * can be trusted, so it is not among the others.
 */
export const GUARD_NAME = 'assent-deployments';

/** In the message of every refusal that passes by itself, once the operator has recorded the earlier decision. */
export const TRY_AGAIN = 'try again in a moment';

/** The Secret with the keys that sign decisions, in the operator's namespace. */
export const SIGNING_KEYS_NAME = 'assent-signing-keys';

/** The ConfigMap with their public keys, which every authenticated user may read. */
export const PUBLIC_KEYS_NAME = 'assent-public-keys';

/** The ConfigMap in which the operator keeps which admission policies it saw last. */
export const ADMISSION_STATE_NAME = 'assent-admission-state';

/** Where the operator is installed, unless it is said otherwise. */
export const DEFAULT_NAMESPACE = 'assent-system';

/** @returns the name by which the API server knows the operator that runs in `namespace`. */
export function operatorUser(namespace: string): string {
  return `system:serviceaccount:${namespace}:${OPERATOR_NAME}`;
}

/** The gateway's ServiceAccount, Deployment and Service, which stand in the operator's namespace. */
export const GATEWAY_NAME = 'assent-gateway';

/** @returns the name by which the API server knows the gateway that runs in `namespace`. */
export function gatewayUser(namespace: string): string {
  return `system:serviceaccount:${namespace}:${GATEWAY_NAME}`;
}

/** @returns the operator that runs in `namespace` as its requests come, but for `system:authenticated`. */
export function operatorIdentity(namespace: string): { readonly user: string; readonly groups: readonly string[] } {
  return { user: operatorUser(namespace), groups: serviceAccountGroups(namespace) };
}

/** @returns the groups that the API server gives every ServiceAccount of `namespace`. */
export function serviceAccountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** What the operator may do for Tekton's CustomRuns: a ClusterRole that is installed by choice. */
export const APPROVAL_TASKS_NAME = 'assent-approval-tasks';
