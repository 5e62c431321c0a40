import type { ApprovalPolicySpec, LabelSelector, ModelVersion } from '../api/index.ts';
import type { NamespaceSnapshot } from './snapshot.ts';

type SelectorExpression = NonNullable<LabelSelector['matchExpressions']>[number];

interface Selectable {
  readonly spec: Pick<ApprovalPolicySpec, 'match'>;
}

/** @returns the policies that judge this version; what a policy's `match` leaves out matches everything. */
export function selectPolicies<Policy extends Selectable>(
  modelVersion: {
    readonly metadata: Pick<ModelVersion['metadata'], 'labels'>;
    readonly spec: Pick<ModelVersion['spec'], 'model' | 'stage'>;
  },
  namespace: NamespaceSnapshot,
  policies: readonly Policy[],
): readonly Policy[] {
  const labels = modelVersion.metadata.labels ?? {};
  return policies.filter(({ spec: { match = {} } }) => {
    const { models, stages, selector, namespaceSelector } = match;
    return (
      (!models || models.some((pattern) => matchesPattern(modelVersion.spec.model, pattern))) &&
      (!stages || stages.includes(modelVersion.spec.stage)) &&
      (!selector || matchesLabels(labels, selector)) &&
      (!namespaceSelector || matchesLabels(namespace.labels, namespaceSelector))
    );
  });
}

/**
 * `*` stands for any characters. Walks both texts once, going back to the last star on a mismatch: a pattern of
 * many stars costs at most text × pattern, where a regular expression could hang.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let position = 0;
  while (position < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = position;
    } else if (at < pattern.length && pattern[at] === text[position]) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** Kubernetes' label selector semantics: every entry must hold. */
export function matchesLabels(labels: Readonly<Record<string, string>>, selector: LabelSelector): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, wanted]) => ownValue(labels, key) === wanted) &&
    matchExpressions.every((expression) => matchesExpression(ownValue(labels, expression.key), expression))
  );
}

function matchesExpression(found: string | undefined, { operator, values = [] }: SelectorExpression): boolean {
  switch (operator) {
    case 'In':
      return found !== undefined && values.includes(found);
    case 'NotIn':
      return found === undefined || !values.includes(found);
    case 'Exists':
      return found !== undefined;
    case 'DoesNotExist':
      return found === undefined;
  }
}

/** A label named like a method of every object is still absent where nobody set it. */
function ownValue(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
