import type { LabelSelector } from '../../../api/index.ts';
import { CliError } from '../../cli-error.ts';

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

const KEY = '([A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?)';
const EQUALS = new RegExp(`^${KEY}\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`);
const SET = new RegExp(`^${KEY}\\s+(in|notin)\\s*\\(([-A-Za-z0-9_.,\\s]*)\\)$`);
const EXISTS = new RegExp(`^(!?)\\s*${KEY}$`);

/**
 * Reads a selector as kubectl takes it: `team=risk,tier!=test,stage in (a, b),!old`.
 *
 * @throws CliError
 */
export function parseLabelSelector(text: string): LabelSelector {
  return { matchExpressions: splitRequirements(text).map(parseRequirement) };
}

/** At the commas that do not stand between brackets. */
function splitRequirements(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseRequirement(text: string): Expression {
  const [, key = '', operator, value = ''] = EQUALS.exec(text) ?? [];
  if (operator) return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] };
  const [, member = '', relation, list = ''] = SET.exec(text) ?? [];
  if (relation) {
    const values = list.split(',').map((entry) => entry.trim());
    return { key: member, operator: relation === 'in' ? 'In' : 'NotIn', values };
  }
  const [, not, present] = EXISTS.exec(text) ?? [];
  if (present) return { key: present, operator: not ? 'DoesNotExist' : 'Exists' };
  throw new CliError([
    `--selector: \`${text}\` is no label selector: write KEY=VALUE, KEY!=VALUE, KEY in (A,B), KEY notin (A,B), KEY or !KEY, with commas between`,
  ]);
}
