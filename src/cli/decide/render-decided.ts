import type { Verdict } from '../../api/index.ts';
import { type Paint, styleOf } from '../paint.ts';
import { printable } from '../printable.ts';
import { findApproved, generationOf } from '../stored-version.ts';
import type { RecordedDecision } from './await-record.ts';

export const NOUNS: Readonly<Record<Verdict, string>> = {
  approve: 'approval',
  reject: 'rejection',
  revoke: 'revocation',
};

/** @returns what became of a person's decision, and what the version's decision is with it. */
export function renderDecided({ record, version }: RecordedDecision, paint: Paint): string {
  const { verdict, user, counted, message = '' } = record;
  const said = `${NOUNS[verdict]} of ${version.metadata.name} by ${printable(user)} is recorded`;
  const approved = findApproved(version);
  const stage = `stage ${version.status.stage}`;
  const lines = [
    counted ? `${said} and counts` : `${said} and does not count: ${printable(message)}`,
    approved
      ? `${paint(styleOf(approved.status), approved.reason)} (${stage}): ${printable(approved.message)}`
      : `not decided yet (${stage})`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** @returns a warning where the spec changed in the very moment of the decision. */
export function renderUnseen(
  { version, lookedAt }: { readonly version: RecordedDecision['version']; readonly lookedAt: number },
  verdict: Verdict,
): string {
  const generation = generationOf(version);
  return generation === lookedAt
    ? ''
    : `the spec of ${version.metadata.name} changed in this moment: the ${NOUNS[verdict]} is for generation ${generation}, which nobody has looked at\n`;
}
