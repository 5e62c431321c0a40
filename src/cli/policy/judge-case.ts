import { ANNOTATIONS, type ModelVersionStatus } from '../../api/index.ts';
import { buildPlan, type Snapshot } from '../../decision/index.ts';
import { type DecidedOffline, decideOffline } from '../evaluate/decide-offline.ts';
import type { Expected, ExpectedTexts, PolicyCase } from './policy-case.ts';

type DecisionTools = Parameters<typeof decideOffline>[1];

/** @returns what differs from what the case expects, a line each; none where it is as expected. */
export async function judgeCase(policyCase: PolicyCase, tools: DecisionTools): Promise<readonly string[]> {
  const { namespace, ...given } = policyCase;
  const decided = await decideOffline({ ...given, labels: namespace.labels }, tools);
  return compare(policyCase.expect, applyApprovals(decided, policyCase.approvals));
}

/** People decide one after the other, as they would in a cluster: each decision is recorded before the next. */
function applyApprovals(
  { snapshot, results, status }: DecidedOffline,
  approvals: PolicyCase['approvals'],
): ModelVersionStatus {
  return approvals.reduce((before, { user, groups, verdict, reason }) => {
    const { metadata, ...rest } = snapshot.modelVersion;
    const stamp = JSON.stringify({ user, groups, generation: metadata.generation ?? 1, verdict });
    const annotations = { ...metadata.annotations, [ANNOTATIONS[verdict]]: reason, [ANNOTATIONS.decidedBy]: stamp };
    const next: Snapshot = {
      ...snapshot,
      modelVersion: { ...rest, metadata: { ...metadata, annotations }, status: before },
    };
    return buildPlan(next, results).status ?? before;
  }, status);
}

function compare(expected: Expected, { decision, stage = 'None', conditions = [] }: ModelVersionStatus): string[] {
  if (!decision) return ['nothing was decided'];
  const { outcome, by, warnings, requirements } = decision;
  const problems = [
    ...compareValue('outcome', expected.outcome, outcome),
    ...compareValue('by', expected.by, by),
    ...compareValue('stage', expected.stage, stage),
    ...compareTexts('reasons', expected.reasons, decision.reasons),
    ...compareTexts('warnings', expected.warnings, warnings),
    ...compareRequirements(expected.requirements, requirements),
  ];
  const message = conditions.find(({ type }) => type === 'Approved')?.message;
  return problems.length > 0 && message !== undefined ? [...problems, `it says: ${message}`] : problems;
}

function compareValue(field: string, expected: string | undefined, found: string): string[] {
  return expected === undefined || expected === found ? [] : [`${field}: expected ${expected}, got ${found}`];
}

function compareTexts(field: string, expected: ExpectedTexts | undefined, found: readonly string[]): string[] {
  if (expected === undefined) return [];
  const shown = found.length > 0 ? found.map((text) => JSON.stringify(text)).join(', ') : 'none';
  if ('contains' in expected) {
    return expected.contains
      .filter((part) => !found.some((text) => text.includes(part)))
      .map((part) => `${field}: none contains ${JSON.stringify(part)}; got ${shown}`);
  }
  return [
    ...expected.filter((text) => !found.includes(text)).map((text) => `missing ${JSON.stringify(text)}`),
    ...found.filter((text) => !expected.includes(text)).map((text) => `not expected ${JSON.stringify(text)}`),
  ].map((problem) => `${field}: ${problem}`);
}

type Requirements = NonNullable<ModelVersionStatus['decision']>['requirements'];

function compareRequirements(expected: Expected['requirements'], found: Requirements): string[] {
  if (expected === undefined) return [];
  const rest = [...found];
  const missing = expected.filter((wanted) => {
    const at = rest.findIndex((requirement) => fits(wanted, requirement));
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return [
    ...missing.map((wanted) => `requirements: missing ${JSON.stringify(wanted)}`),
    ...rest.map(({ approvedBy: _, ...requirement }) => `requirements: not expected ${JSON.stringify(requirement)}`),
  ];
}

function fits(
  { approvers, count, reason }: NonNullable<Expected['requirements']>[number],
  found: Requirements[number],
) {
  return (
    (approvers === undefined || JSON.stringify(approvers.toSorted()) === JSON.stringify(found.approvers.toSorted())) &&
    (count === undefined || count === found.count) &&
    (reason === undefined || reason === found.reason)
  );
}
