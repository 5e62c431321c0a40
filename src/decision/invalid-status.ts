import type { ModelVersion, ModelVersionStatus } from '../api/index.ts';
import { renderCanonicalJson } from './canonical.ts';
import { buildConditions } from './next-status.ts';

/**
 * The status of a version whose spec the API server let through and the schemas do not (the admission policy
 * `assent-schema` is missing): it waits, and says what to repair.
 *
 * @param stored its name, generation and status are read, its spec is not
 * @param problems each names the field and what is right
 * @returns null where the stored status says it already
 */
export function buildInvalidStatus(
  stored: ModelVersion,
  problems: readonly string[],
  { approvalsVerified, now }: { readonly approvalsVerified: boolean; readonly now: string },
): ModelVersionStatus | null {
  const message = `the spec is not valid: ${problems.join('; ')}`;
  const status: ModelVersionStatus = {
    ...stored.status,
    stage: stored.status?.stage ?? 'None',
    observedGeneration: stored.metadata.generation ?? 1,
    conditions: buildConditions({ modelVersion: stored, approvalsVerified, now }, 'InvalidSpec', message),
  };
  return renderCanonicalJson(status) === renderCanonicalJson(stored.status ?? {}) ? null : status;
}
