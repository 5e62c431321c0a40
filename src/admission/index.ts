export { type AdmissionOptions, buildAdmissionManifests } from './admission-manifests.ts';
export { type AdmissionJudgement, type FoundAdmission, judgeAdmission } from './judge-admission.ts';
export type { Manifest, Templated } from './manifest.ts';
export {
  ADMISSION_NAMES,
  ADMISSION_STATE_NAME,
  DEFAULT_NAMESPACE,
  OPERATOR_NAME,
  operatorUser,
  PUBLIC_KEYS_NAME,
  SIGNING_KEYS_NAME,
  TRY_AGAIN,
} from './names.ts';
export { buildOperatorManifests, type OperatorOptions } from './operator-manifests.ts';
export { buildRbacManifests, type RbacOptions } from './rbac.ts';
