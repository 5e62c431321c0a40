import { ANNOTATIONS, appendSegment } from '../api/index.ts';
import { celLines, celString } from './cel.ts';
import type { Manifest } from './manifest.ts';
import { ADMISSION_NAMES } from './names.ts';
import { buildMutatingPolicy } from './policy.ts';
import { buildStampVariables } from './stamp-variables.ts';

const RESPECIFIED = 'oldObject == null || object.spec != oldObject.spec';

/** The generation is raised after this step; the stamp is for the object as it will be. */
const GENERATION = 'oldObject == null ? 1 : oldObject.metadata.generation + (variables.respecified ? 1 : 0)';

const NEEDS_MAP =
  "!has(object.metadata.annotations) && variables.decidedBy + variables.submittedBy + variables.onBehalfOf != ''";

/**
 * @param gateway the user that may submit for others
 * @returns the policy that stamps who decided and who submitted, and puts back a stamp that somebody changed.
 */
export function buildStampPolicy(gateway: string): readonly Manifest[] {
  return buildMutatingPolicy({
    name: ADMISSION_NAMES.stamps,
    resources: ['modelversions'],
    operations: ['CREATE', 'UPDATE'],
    variables: buildStampVariables({ respecified: RESPECIFIED, generation: GENERATION, gateway }),
    jsonPatch: celLines(
      `(${NEEDS_MAP}`,
      "  ? [JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}] : []) +",
      `${patchAnnotation(ANNOTATIONS.decidedBy, 'variables.decidedBy')} +`,
      `${patchAnnotation(ANNOTATIONS.submittedBy, 'variables.submittedBy')} +`,
      patchAnnotation(ANNOTATIONS.onBehalfOf, 'variables.onBehalfOf'),
    ),
  });
}

/** @param value a CEL expression; '' stands for no annotation */
function patchAnnotation(annotation: string, value: string): string {
  const key = celString(annotation);
  const path = celString(appendSegment('/metadata/annotations', annotation));
  return celLines(
    `(${value} != ''`,
    `  ? [JSONPatch{op: 'add', path: ${path}, value: ${value}}]`,
    `  : ${key} in variables.annotations ? [JSONPatch{op: 'remove', path: ${path}}] : [])`,
  );
}
