import { z } from 'zod';
import { inCrd } from './rule.ts';

/**
 * Shown wherever `approvers` is not a list. A plain string is the mistake that makes other pipelines skip the
 * approval without a word, so the message shows the list form.
 */
export function approversMessage(found: unknown): string {
  const example = typeof found === 'string' ? found : 'bob';
  return `approvers is a list, always: write approvers: ['${example}']`;
}

const MAX_APPROVERS = 64;

const approver = z.string().min(1).max(512);

/**
 * Who approves: a user name, `group:NAME`, or `serviceaccount:NAMESPACE:NAME`.
 *
 * The CRD leaves the type open: a typed list would make the API server answer a string with its own message,
 * which does not show what is right. The admission policy `assent-schema` checks it instead, with ours.
 */
export const Approvers = inCrd(
  z.array(approver, { error: ({ input }) => approversMessage(input) }).max(MAX_APPROVERS),
  {
    description: 'Who approves by hand: user names, group:NAME, serviceaccount:NAMESPACE:NAME. A list, always.',
    'x-assent-open': true,
  },
);
