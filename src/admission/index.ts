export { type AdmissionOptions, buildAdmissionManifests } from './admission-manifests.ts';
export { type AdmissionJudgement, type FoundAdmission, judgeAdmission } from './judge-admission.ts';
export type { Manifest, Templated } from './manifest.ts';
export { ADMISSION_NAMES, DEFAULT_NAMESPACE, operatorUser } from './names.ts';
export { buildOperatorManifests, type OperatorOptions } from './operator-manifests.ts';
export { buildRbacManifests, type RbacOptions } from './rbac.ts';
