import { ANNOTATIONS } from '../api/index.ts';
import type { CelVariable } from './cel.ts';
import { celLines } from './cel.ts';
import { DECISION_VALIDATIONS } from './decision-validations.ts';
import type { Manifest } from './manifest.ts';
import { ADMISSION_NAMES } from './names.ts';
import { buildValidatingPolicy } from './policy.ts';
import { buildStampVariables, CEL_VERDICT_ANNOTATION, CEL_VERDICTS, celAnnotation } from './stamp-variables.ts';

const KEY = CEL_VERDICT_ANNOTATION;

/**
 * @returns the policy that lets a decision through only from whoever holds the verb, alone in its request, with the
 * right stamp, and when the decision before it is recorded. It holds by itself where nothing stamps.
 *
 * @param gateway the user that may submit for others
 */
export function buildDecisionPolicy(gateway: string): readonly Manifest[] {
  return buildValidatingPolicy({
    name: ADMISSION_NAMES.decisions,
    resources: ['modelversions'],
    operations: ['CREATE', 'UPDATE'],
    variables: [
      // Here the API server has already raised the generation: what it counts as a change of the spec is one.
      ...buildStampVariables({
        respecified: 'oldObject == null || object.metadata.generation != oldObject.metadata.generation',
        generation: 'object.metadata.generation',
        gateway,
      }),
      ...DECISION_VARIABLES,
    ],
    validations: DECISION_VALIDATIONS,
  });
}

const DECISION_VARIABLES: readonly CelVariable[] = [
  { name: 'foundDecidedBy', expression: celAnnotation(ANNOTATIONS.decidedBy, 'variables.annotations') },
  { name: 'foundSubmittedBy', expression: celAnnotation(ANNOTATIONS.submittedBy, 'variables.annotations') },
  {
    name: 'removed',
    expression: celLines(
      `${CEL_VERDICTS}.filter(verdict,`,
      `  ${KEY} in variables.oldAnnotations &&`,
      `  !(${KEY} in variables.annotations))`,
    ),
  },
  {
    // The decision that stands for this generation and is not in status.approvals yet: one verdict, or none. A stamp
    // ends in what stands after the closing bracket of the groups, so no name can imitate its end.
    name: 'unrecorded',
    expression: celLines(
      `oldObject == null ? [] : ${CEL_VERDICTS}.filter(verdict,`,
      `  ${KEY} in variables.oldAnnotations &&`,
      `  variables.oldDecidedBy.endsWith('],"generation":' + string(oldObject.metadata.generation) +`,
      `    ',"verdict":' + strings.quote(verdict) + '}') &&`,
      '  !oldObject.?status.?approvals.orValue([]).exists(record,',
      '    record.stamp == variables.oldDecidedBy &&',
      `    record.reason == variables.oldAnnotations[${KEY}]))`,
    ),
  },
];
