import { ANNOTATIONS, GROUP, MLFLOW_GROUP, MLFLOW_USER_PREFIX, VERDICTS } from '../api/index.ts';
import { type CelVariable, celLines, celList, celString } from './cel.ts';

/** In CEL: every verdict a person can give. */
export const CEL_VERDICTS = celList(VERDICTS);

/** In CEL: the annotation of the verdict that the variable `verdict` names. */
export const CEL_VERDICT_ANNOTATION = `${celString(`${GROUP}/`)} + verdict`;

const KEY = CEL_VERDICT_ANNOTATION;

/** How a policy sees the request: the stamping one before the API server raises the generation, the other after. */
export interface StampMoment {
  /** CEL: whether the request writes a spec. */
  readonly respecified: string;
  /** CEL: the generation that the object has after the request. */
  readonly generation: string;
  /** The user whose word it is for whom a spec is submitted. */
  readonly gateway: string;
}

/**
 * What the stamping and the checking policy both have to know, in the same words: the stamps that belong on the
 * object after this request. A stamp's generation is the one that the object then has, so a request that changes the
 * spec is stamped as a submission of the new generation.
 *
 * `strings.quote` writes JSON for every name without control characters; the checking policy refuses the others.
 */
export function buildStampVariables({ respecified, generation, gateway }: StampMoment): readonly CelVariable[] {
  return [
    { name: 'annotations', expression: 'object.metadata.?annotations.orValue({})' },
    { name: 'oldAnnotations', expression: 'oldObject == null ? {} : oldObject.metadata.?annotations.orValue({})' },
    {
      // The verdicts that this request gives: a reason that is new, or another one than before.
      name: 'given',
      expression: celLines(
        `${CEL_VERDICTS}.filter(verdict,`,
        `  ${KEY} in variables.annotations &&`,
        `  variables.annotations[?${KEY}] != variables.oldAnnotations[?${KEY}])`,
      ),
    },
    { name: 'respecified', expression: respecified },
    { name: 'generation', expression: generation },
    { name: 'user', expression: "request.userInfo.?username.orValue('')" },
    { name: 'groups', expression: 'request.userInfo.?groups.orValue([])' },
    { name: 'stampHead', expression: celStampHead('variables.user', 'variables.groups') },
    {
      // What stands there from before is another request's word, and nobody else's word is one.
      name: 'onBehalfOf',
      expression: celLines(
        `variables.user == ${celString(gateway)}`,
        `  ? ${celAnnotation(ANNOTATIONS.onBehalfOf, 'variables.annotations')}`,
        `  : ${celAnnotation(ANNOTATIONS.onBehalfOf, 'variables.oldAnnotations')}`,
      ),
    },
    { name: 'forOther', expression: `variables.user == ${celString(gateway)} && variables.onBehalfOf != ''` },
    {
      // The prefix keeps it apart from every user of Kubernetes that somebody gives a role to.
      name: 'submitter',
      expression: `variables.forOther ? ${celString(MLFLOW_USER_PREFIX)} + variables.onBehalfOf : variables.user`,
    },
    { name: 'submitterGroups', expression: `variables.forOther ? [${celString(MLFLOW_GROUP)}] : variables.groups` },
    { name: 'oldDecidedBy', expression: celAnnotation(ANNOTATIONS.decidedBy, 'variables.oldAnnotations') },
    { name: 'oldSubmittedBy', expression: celAnnotation(ANNOTATIONS.submittedBy, 'variables.oldAnnotations') },
    {
      name: 'decidedBy',
      expression: celLines(
        'variables.given.size() > 0',
        `  ? variables.stampHead + ',"verdict":' + strings.quote(variables.given[0]) + '}'`,
        '  : variables.oldDecidedBy',
      ),
    },
    {
      name: 'submittedBy',
      expression: celLines(
        `variables.respecified ? ${celStampHead('variables.submitter', 'variables.submitterGroups')} + '}'`,
        '  : variables.oldSubmittedBy',
      ),
    },
  ];
}

/** @returns in CEL, a stamp without its end. */
function celStampHead(user: string, groups: string): string {
  return celLines(
    `'{"user":' + strings.quote(${user}) +`,
    `',"groups":[' + ${groups}.map(group, strings.quote(group)).join(',') +`,
    `'],"generation":' + string(variables.generation)`,
  );
}

/** @returns in CEL, an annotation's value, and '' where there is none. */
export function celAnnotation(annotation: string, annotations: string): string {
  return `${annotations}[?${celString(annotation)}].orValue('')`;
}
