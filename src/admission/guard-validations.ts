import { ARTIFACT_DIGEST_ANNOTATION, LABELS, SERVED_STAGES, STAGE_APPROVALS_NAME } from '../api/index.ts';
import { type CelValidation, celLines, celList, celString } from './cel.ts';
import { TRY_AGAIN } from './names.ts';

const STAGES = SERVED_STAGES.join(' or ');
const LOOK = "variables.version + ' --namespace ' + variables.modelNamespace";
const FOR_STAGE = "'namespace ' + request.namespace + ' is for ' + variables.stage";

/** The rules of `assent-deployments`. All are run; the first that fails gives the answer. */
export const GUARD_VALIDATIONS: readonly CelValidation[] = [
  {
    expression: `!variables.checked || variables.stage in ${celList(SERVED_STAGES)}`,
    message: `the namespace's label ${LABELS.stage} must be ${STAGES}`,
    messageExpression: celLines(
      `'namespace ' + request.namespace + ' has the label ${LABELS.stage}: ' + variables.stage +`,
      celString(`, which must be ${STAGES}: nothing can be deployed here until it is`),
    ),
    reason: 'Forbidden',
  },
  {
    expression: "!variables.checked || variables.version != ''",
    message: `the workload does not say which model version it serves: add the label ${LABELS.modelVersion}`,
    messageExpression: celLines(
      `variables.workload + ' does not say which model version it serves: ' + ${FOR_STAGE} +`,
      celString(`, so give it or its pod template the label ${LABELS.modelVersion} with the name of a ModelVersion`),
    ),
    reason: 'Forbidden',
  },
  {
    // The labels of the namespace are news to the operator, or it does not look after that namespace at all.
    expression: "!variables.checked || params.?status.?modelNamespace.orValue('') == variables.modelNamespace",
    message: `what is approved is not known in this namespace yet: ${TRY_AGAIN}`,
    messageExpression: celLines(
      "'what is approved in namespace ' + variables.modelNamespace + ' is not known in namespace ' +",
      `request.namespace + ${celString(` yet: ${TRY_AGAIN}, or see that the operator runs (kubectl get stageapprovals ${STAGE_APPROVALS_NAME} --namespace `)} +`,
      "request.namespace + ')'",
    ),
    reason: 'Forbidden',
  },
  {
    expression: '!variables.checked || variables.approved.hasValue()',
    message: "the model version is not approved for the namespace's stage: see kubectl get mv",
    messageExpression: celLines(
      `'ModelVersion ' + variables.version + (variables.otherStages.size() > 0`,
      `  ? ' is approved for ' + variables.otherStages[0] + ', and ' + ${FOR_STAGE}`,
      `  : ' is not approved for ' + variables.stage + ', which ' + 'namespace ' + request.namespace + ' is for') +`,
      `': see kubectl get mv ' + ${LOOK} +`,
      '(params.?status.?omitted.orValue(0) > 0 && variables.otherStages.size() == 0',
      "  ? ' (or it is one of ' + string(params.status.omitted) + ' approved versions that StageApprovals has no room for)'",
      "  : '')",
    ),
    reason: 'Forbidden',
  },
  {
    expression: "!variables.checked || variables.digest in ['', variables.approved.orValue('')]",
    message: `the annotation ${ARTIFACT_DIGEST_ANNOTATION} is not the digest of the approved artifact`,
    messageExpression: celLines(
      `variables.workload + ${celString(` has the annotation ${ARTIFACT_DIGEST_ANNOTATION}: `)} + variables.digest +`,
      `', and ModelVersion ' + variables.version + (variables.approved.orValue('') == ''`,
      "  ? ' was approved without spec.artifact.digest'",
      "  : ' was approved for ' + variables.approved.orValue(''))",
    ),
    reason: 'Forbidden',
  },
];
