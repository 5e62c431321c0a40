import type { ModelRegistry } from '../api/index.ts';
import { matchesPattern } from '../decision/index.ts';

/** Whether a ModelRegistry is about this model. */
export function matchesModel({ spec: { models } }: Pick<ModelRegistry, 'spec'>, model: string): boolean {
  return models?.some((pattern) => matchesPattern(model, pattern)) ?? true;
}
