import { stringify } from 'yaml';
import { renderTable } from '../render-table.ts';
import type { OfflineDecision } from './evaluate-offline.ts';

export const DECISION_FORMATS = ['table', 'json', 'yaml'] as const;
export type DecisionFormat = (typeof DECISION_FORMATS)[number];

/** @returns the decisions as a table for people, or as data for programs. */
export function renderDecisions(decisions: readonly OfflineDecision[], format: DecisionFormat): string {
  const rows = decisions.map(({ modelVersion: { metadata, spec }, status }) => ({
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    model: spec.model,
    version: spec.version,
    requested: spec.stage,
    stage: status.stage ?? 'None',
    outcome: status.decision?.outcome ?? 'Error',
    reason: status.conditions?.find(({ type }) => type === 'Approved')?.reason ?? '',
    message: status.conditions?.find(({ type }) => type === 'Approved')?.message ?? '',
    warnings: status.decision?.warnings ?? [],
    policies: status.decision?.policies ?? [],
    requirements: status.decision?.requirements ?? [],
  }));
  switch (format) {
    case 'json':
      return `${JSON.stringify(rows, null, 2)}\n`;
    case 'yaml':
      return stringify(rows);
    case 'table': {
      const warnings = rows.flatMap(({ name, warnings }) =>
        warnings.map((warning) => `warning: ${name}: ${warning}\n`),
      );
      const table = renderTable(
        ['NAME', 'MODEL', 'VERSION', 'STAGE', 'DECISION', 'REASON'],
        rows.map(({ name, model, version, stage, reason, message }) => [name, model, version, stage, reason, message]),
      );
      return table + warnings.join('');
    }
  }
}
