import { API_VERSION, LABELS, STAGE_APPROVALS_NAME } from '../api/index.ts';
import type { GuardChoices } from './guard-choices.ts';
import { GUARD_VALIDATIONS } from './guard-validations.ts';
import { buildGuardVariables } from './guard-variables.ts';
import { buildMetadata, type Manifest } from './manifest.ts';
import { GUARD_NAME } from './names.ts';
import { ADMISSION_API_VERSION } from './policy.ts';

/**
 * @returns the policy that lets a workload into a namespace only if the version that it serves is approved for the stage
 * that the namespace is for, and its binding. What is approved it reads from the namespace's StageApprovals: without
 * that object the API server refuses by itself.
 */
export function buildGuardPolicy(choices: GuardChoices): readonly Manifest[] {
  const policy = {
    apiVersion: ADMISSION_API_VERSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata: buildMetadata(GUARD_NAME),
    spec: {
      failurePolicy: 'Fail',
      paramKind: { apiVersion: API_VERSION, kind: 'StageApprovals' },
      matchConstraints: {
        matchPolicy: 'Equivalent',
        namespaceSelector: {},
        objectSelector: {},
        resourceRules: choices.resources,
      },
      variables: buildGuardVariables(choices),
      validations: GUARD_VALIDATIONS,
    },
  };
  const binding = {
    apiVersion: ADMISSION_API_VERSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: buildMetadata(GUARD_NAME),
    spec: {
      policyName: GUARD_NAME,
      // Without a namespace here, the parameter is that of the request's own namespace.
      paramRef: { name: STAGE_APPROVALS_NAME, parameterNotFoundAction: 'Deny' },
      matchResources: {
        matchPolicy: 'Equivalent',
        namespaceSelector: { matchExpressions: [{ key: LABELS.stage, operator: 'Exists' }] },
        objectSelector: {},
      },
      validationActions: ['Deny'],
    },
  };
  return [policy, binding];
}
