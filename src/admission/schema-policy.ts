import { approversMessage } from '../api/index.ts';
import { celLines, celString } from './cel.ts';
import type { Manifest } from './manifest.ts';
import { ADMISSION_NAMES } from './names.ts';
import { buildValidatingPolicy } from './policy.ts';
import { ROOM_VALIDATIONS, ROOM_VARIABLES } from './room-rules.ts';

const MAX_APPROVERS = 64;
const MAX_NAME_LENGTH = 512;
const NOT_A_LIST = approversMessage(undefined);

/** @returns the policy that checks what the CRDs leave open, so that the message can show what is right. */
export function buildSchemaPolicy(): readonly Manifest[] {
  return buildValidatingPolicy({
    name: ADMISSION_NAMES.schema,
    resources: ['modelversions', 'approvalpolicies', 'clusterapprovalpolicies'],
    operations: ['CREATE', 'UPDATE'],
    variables: [
      { name: 'approvers', expression: 'object.?spec.?approvers.orValue([])' },
      // What was stored before this policy came may still have its labels or finalizers changed.
      { name: 'unchanged', expression: 'oldObject != null && object.spec == oldObject.spec' },
      { name: 'isList', expression: 'type(variables.approvers) == list' },
      ...ROOM_VARIABLES,
    ],
    validations: [
      {
        expression: 'variables.unchanged || variables.isList',
        message: NOT_A_LIST,
        messageExpression: buildNotAListMessage(),
        reason: 'Invalid',
      },
      {
        expression: `variables.unchanged || !variables.isList || variables.approvers.size() <= ${MAX_APPROVERS}`,
        message: `approvers has at most ${MAX_APPROVERS} entries: name a group as group:NAME`,
        reason: 'Invalid',
      },
      {
        expression: celLines(
          'variables.unchanged || !variables.isList ||',
          `variables.approvers.all(name, type(name) == string && size(name) >= 1 && size(name) <= ${MAX_NAME_LENGTH})`,
        ),
        message: `every entry of approvers is a name of 1 to ${MAX_NAME_LENGTH} characters in quotes: a user, group:NAME or serviceaccount:NAMESPACE:NAME`,
        reason: 'Invalid',
      },
      ...ROOM_VALIDATIONS,
    ],
  });
}

/** @returns `approversMessage` as a CEL expression, with the name that was found. */
function buildNotAListMessage(): string {
  const [before = '', after = ''] = approversMessage('\0').split('\0').map(celString);
  return celLines(
    'type(variables.approvers) == string',
    `  ? ${before} + variables.approvers + ${after}`,
    `  : ${celString(NOT_A_LIST)}`,
  );
}
