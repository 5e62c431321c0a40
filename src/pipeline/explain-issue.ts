import type { z } from 'zod';
import { nearNames } from '../api/index.ts';
import {
  APPROVAL_INPUT_KEYS,
  explainApprovers,
  PIPELINE_KEYS,
  REJECT_ACTIONS,
  STEP_KEYS,
  STEP_TYPES,
} from './pipeline-file.ts';

interface Explained {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * @param value the file's content, in which the issue was found
 * @returns the issue, said so that whoever wrote the file can repair it
 */
export function explainIssue(issue: z.core.$ZodIssue, value: unknown): readonly Explained[] {
  const { path } = issue;
  const field = path.at(-1);
  const found = readPath(value, path);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: explainKey(path, key, value) }));
  if (issue.code === 'invalid_union' && field === 'type') return [{ path, message: explainType(found) }];
  if (field === 'approvers' && issue.code === 'invalid_type') return [{ path, message: explainApprovers(found) }];
  if (path.at(-2) === 'approvers' && typeof field === 'number' && issue.code !== 'custom')
    return [{ path, message: NO_NAME }];
  if (field === 'on_reject') return [{ path, message: explainRejectAction(found) }];
  return [{ path, message: issue.message }];
}

const NO_NAME =
  'an entry of approvers is a name in quotes: a user, group:NAME or serviceaccount:NAMESPACE:NAME, of up to 512 characters';
const A_STEP = "write it as {name: approve_model, type: approval, inputs: {approvers: ['alice']}}";

function explainRejectAction(found: unknown): string {
  const [near] = typeof found === 'string' ? nearNames(found, REJECT_ACTIONS) : [];
  const hint = near === undefined ? '' : `: did you mean ${near}?`;
  return `on_reject is ${REJECT_ACTIONS.join(' or ')}, and not ${JSON.stringify(found)}${hint}`;
}

function explainType(found: unknown): string {
  const all = `a step's type is one of ${STEP_TYPES.join(', ')}`;
  if (found === undefined) return `the step has no type: ${A_STEP}, or with another type; ${all}`;
  const shown = JSON.stringify(found);
  if (found === 'manual') return `${shown} is no type: a step in which a person decides has type: approval`;
  const [near] = typeof found === 'string' ? nearNames(found, STEP_TYPES) : [];
  return `${shown} is no type${near === undefined ? '; ' : `: did you mean ${near}? `}${all}`;
}

/** Where a key stands that the file's schema does not have, and where it would be right. */
function explainKey(path: readonly PropertyKey[], key: string, value: unknown): string {
  const where = path.length === 0 ? 'a pipeline' : path.length === 2 ? 'a step' : 'inputs';
  const keys = path.length === 0 ? PIPELINE_KEYS : path.length === 2 ? STEP_KEYS : APPROVAL_INPUT_KEYS;
  const shown = JSON.stringify(key);
  if (path.length === 2 && APPROVAL_INPUT_KEYS.includes(key))
    return `${shown} stands under inputs: write inputs: {${key}: …}`;
  if (path.length === 2 && key === 'run') return `a step of type approval runs no command: put run into another step`;
  if (path.length === 2 && key === 'on_reject') {
    const type = readPath(value, [...path, 'type']);
    return `on_reject is for steps of type approval, and this one's is ${JSON.stringify(type)}`;
  }
  const [near] = nearNames(key, keys);
  return `${where} has no ${shown}${near === undefined ? `; it has ${keys.join(', ')}` : `: did you mean ${near}?`}`;
}

function readPath(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const key of path)
    found =
      typeof found === 'object' && found !== null
        ? Object.entries(found).find(([name]) => name === String(key))?.[1]
        : undefined;
  return found;
}
