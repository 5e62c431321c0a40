import { ANNOTATIONS } from '../api/index.ts';
import { celString } from './cel.ts';
import type { Manifest } from './manifest.ts';
import { ADMISSION_NAMES } from './names.ts';
import { buildValidatingPolicy } from './policy.ts';

/**
 * @param operator the operator's user name
 * @returns the policy that lets nobody else write a status: stage, recorded approvals, history and what the
 * deployment guard goes by are the operator's
 */
export function buildStatusPolicy(operator: string): readonly Manifest[] {
  const advice = `only the operator (${operator}) writes a status: to decide, annotate the version with ${ANNOTATIONS.approve}`;
  return buildValidatingPolicy({
    name: ADMISSION_NAMES.status,
    resources: [
      'modelversions/status',
      'approvalpolicies/status',
      'clusterapprovalpolicies/status',
      'stageapprovals/status',
    ],
    operations: ['CREATE', 'UPDATE'],
    validations: [
      {
        expression: `request.userInfo.?username.orValue('') == ${celString(operator)}`,
        message: advice,
        messageExpression: `request.userInfo.?username.orValue('') + ${celString(` may not write this: ${advice}`)}`,
        reason: 'Forbidden',
      },
    ],
  });
}
