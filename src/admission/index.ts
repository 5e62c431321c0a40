export { type AdmissionOptions, buildAdmissionManifests } from './admission-manifests.ts';
export { buildApprovalTasksManifests } from './approval-tasks-manifests.ts';
export { buildGatewayManifests } from './gateway-manifests.ts';
export { buildGuardManifests, type GuardOptions } from './guard-manifests.ts';
export { type AdmissionJudgement, type FoundAdmission, judgeAdmission } from './judge-admission.ts';
export { type GuardJudgement, judgeGuard } from './judge-guard.ts';
export type { Manifest, Templated } from './manifest.ts';
export {
  ADMISSION_NAMES,
  ADMISSION_STATE_NAME,
  DEFAULT_NAMESPACE,
  GUARD_NAME,
  gatewayUser,
  OPERATOR_NAME,
  operatorIdentity,
  operatorUser,
  PUBLIC_KEYS_NAME,
  SIGNING_KEYS_NAME,
  serviceAccountGroups,
  TRY_AGAIN,
} from './names.ts';
export { buildOperatorManifests, type OperatorOptions } from './operator-manifests.ts';
export { buildRbacManifests, type RbacOptions } from './rbac.ts';
