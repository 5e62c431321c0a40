import { findCompliance } from '../../decision/index.ts';
import { type Paint, styleOf } from '../paint.ts';
import { printable } from '../printable.ts';
import { renderAge } from '../render-age.ts';
import { renderTable } from '../render-table.ts';
import { describeRequirement, isOpen, type StoredRequirement } from '../requirements.ts';
import { renderShellCommand } from '../shell-command.ts';
import {
  currentDecision,
  findApproved,
  generationOf,
  type StoredDecision,
  type StoredVersion,
} from '../stored-version.ts';

export interface StatusStyle {
  /** How the user calls this program. */
  readonly program: string;
  /** Flags that the commands shown need to find the same version. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly paint: Paint;
}

/** @returns the decision on a version, explained to a person. */
export function renderStatus(version: StoredVersion, style: StatusStyle): string {
  const decision = currentDecision(version);
  return [
    renderHead(version, style),
    ...(decision
      ? [renderPolicies(decision), renderWarnings(decision), renderRequirements(version, decision, style)]
      : []),
    renderRegistry(version, style),
    renderNotCounted(version),
    renderNext(version, decision, style),
  ]
    .filter((section) => section !== '')
    .join('\n');
}

function renderHead(version: StoredVersion, { nowMs, paint }: StatusStyle): string {
  const { metadata, spec, status } = version;
  const approved = findApproved(version);
  const compliance = findCompliance(status);
  const verified = status.conditions.find(({ type }) => type === 'ApprovalsVerified');
  const since = approved?.lastTransitionTime;
  const older = currentDecision(version) ? '' : ` (of generation ${approved?.observedGeneration ?? 'unknown'})`;
  const rows: readonly (readonly [string, string])[] = [
    ['Model', `${printable(spec.model)}, version ${printable(spec.version)}`],
    ['Stage', status.stage],
    ['Requested', printable(spec.stage)],
    ['Decision', approved ? `${paint(styleOf(approved.status), approved.reason)}${older}` : 'none yet'],
    ...(approved ? ([['', printable(approved.message)]] as const) : []),
    ...(since === undefined ? [] : ([['Since', `${since} (${renderAge(since, nowMs)})`]] as const)),
    ...(compliance?.status === 'False'
      ? ([['Today', paint('yellow', `${compliance.reason}: ${printable(compliance.message)}`)]] as const)
      : []),
    ...(verified?.status === 'False' ? ([['Approvals', paint('red', printable(verified.message))]] as const) : []),
  ];
  const heading = paint(
    'bold',
    `${metadata.name} in namespace ${metadata.namespace}, generation ${generationOf(version)}`,
  );
  return [heading, ...rows.map(([title, text]) => `${title && `${title}:`}`.padEnd(INDENT) + text)]
    .map((line) => `${line}\n`)
    .join('');
}

const INDENT = 12;

function renderPolicies({ policies }: StoredDecision): string {
  if (policies.length === 0) return section('Policies', ['none matches']);
  const rows = policies.map(({ name, outcome, mode, reasons }) => [
    name,
    mode === 'Shadow' ? `${outcome} (in shadow)` : outcome,
    reasons.join('; '),
  ]);
  return section('Policies', renderTable(['POLICY', 'OUTCOME', 'REASONS'], rows).trimEnd().split('\n'));
}

function renderWarnings({ warnings }: StoredDecision): string {
  return section('Warnings', warnings.map(printable));
}

function renderRequirements(
  { metadata }: StoredVersion,
  { requirements, outcome }: StoredDecision,
  style: StatusStyle,
): string {
  const whoCan = renderShellCommand([style.program, 'who-can', metadata.name], style.flags);
  return section(
    'Requirements',
    requirements.flatMap((requirement, index) => [
      `${index + 1}. ${printable(describeRequirement(requirement))}`,
      ...(requirement.approvedBy.length > 0 ? [`   signed by ${printable(requirement.approvedBy.join(', '))}`] : []),
      ...(isOpen(requirement) && outcome === 'Pending'
        ? [`   can still be signed by ${describeOpen(requirement, whoCan)}`]
        : []),
    ]),
  );
}

function describeOpen({ approvers, approvedBy }: StoredRequirement, whoCan: string): string {
  if (approvers.length === 0) return `anyone who may approve it: ${whoCan}`;
  const left = approvers.filter(
    (approver) => !approvedBy.includes(approver.replace(/^serviceaccount:/, 'system:serviceaccount:')),
  );
  return left
    .map((approver) => printable(approver))
    .map((approver) => approver.replace(/^group:/, 'members of group ').replace(/^serviceaccount:/, 'service account '))
    .join(', ');
}

/** What the model registry says of the version, and what it shows of the decision. */
function renderRegistry({ status: { verified, exported } }: StoredVersion, { paint }: StatusStyle): string {
  const { registry, outcome, url, runId, metrics = {}, differences = [], message = '' } = verified ?? {};
  const facts = Object.entries(metrics).map(([name, value]) => `${name} ${value}`);
  const shown = exported?.decisionId ? `shows ${exported.stage} since ${exported.at}` : '';
  return section('Registry', [
    ...(outcome === 'Read' ? [printable(`run ${runId} at ${url}: ${facts.join(', ') || 'no metrics'}`)] : []),
    ...(outcome === 'Unavailable' ? [paint('yellow', printable(`${registry}: ${message}`))] : []),
    ...differences.map((difference) => paint('yellow', printable(difference))),
    ...(shown ? [printable(`${exported?.registry} ${shown}`)] : []),
  ]);
}

function renderNotCounted({ status }: StoredVersion): string {
  return section(
    'Decisions that do not count',
    status.approvals
      .filter(({ counted }) => !counted)
      .map(({ verdict, user, at, reason, message = '' }) =>
        printable(`${verdict} by ${user} at ${at} (${reason}): ${message}`),
      ),
  );
}

/** What a person can do now. */
function renderNext(
  version: StoredVersion,
  decision: StoredDecision | undefined,
  { program, flags }: StatusStyle,
): string {
  if (!decision) return section('Next', [`the operator has not looked at generation ${generationOf(version)} yet`]);
  const command = (verb: string) =>
    renderShellCommand([program, verb, version.metadata.name], {
      ...flags,
      generation: String(decision.generation),
      reason: '…',
    });
  switch (decision.outcome) {
    case 'Pending':
      return section('To approve it', [command('approve')]);
    case 'Approved':
      return section('To take the approval back', [command('revoke')]);
    case 'Rejected':
      return section('Next', ['a change of its spec brings it back for another decision']);
    case 'Error':
      return section('Next', ['repair the policy or the spec: nobody can approve what could not be judged']);
  }
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0
    ? ''
    : [`${title}:`, ...lines.map((line) => `  ${line}`)].map((line) => `${line}\n`).join('');
}
