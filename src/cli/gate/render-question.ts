import { ANNOTATIONS } from '../../api/index.ts';
import type { GateQuestion } from '../../pipeline/index.ts';
import { printable } from '../printable.ts';
import { renderShellCommand } from '../shell-command.ts';

interface Asked {
  readonly question: GateQuestion;
  /** The stage asked for. */
  readonly requested: string;
  /** All whom the version names. */
  readonly named: readonly string[];
}

/** @returns what a gate waits for: who is asked, and with which commands they decide. */
export function renderQuestion({ question, requested, named }: Asked): string {
  const { namespace, name, generation, approvers } = question;
  const decide = (verb: string) =>
    renderShellCommand(['assent', verb, name], { namespace, generation: String(generation), reason: '…' });
  const annotate = (annotation: string) =>
    renderShellCommand(['kubectl', 'annotate', 'modelversion', name, `${annotation}=…`], { namespace });
  const others = named.filter((entry) => !approvers.includes(entry));
  return [
    `${name} in namespace ${namespace} asks for ${requested} (generation ${generation})`,
    approvers.length > 0 ? `asked: ${approvers.map(printable).join(', ')}` : 'asked: whom the policies name',
    ...(approvers.length > 0 && others.length > 0
      ? [`the version names ${others.map(printable).join(', ')} too: their approval alone does not open this gate`]
      : []),
    'to decide:',
    `  ${decide('approve')}`,
    `  ${decide('reject')}`,
    'or, why in place of …:',
    `  ${annotate(ANNOTATIONS.approve)}`,
    `  ${annotate(ANNOTATIONS.reject)}`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}
