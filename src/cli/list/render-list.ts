import { stringify } from 'yaml';
import { APPROVED_REASONS, type ApprovedReason } from '../../api/index.ts';
import { type Paint, styleOf } from '../paint.ts';
import { renderAge } from '../render-age.ts';
import { renderTable } from '../render-table.ts';
import { renderStageMap } from './stage-map.ts';
import type { VersionRow } from './version-row.ts';

export const LIST_FORMATS = ['table', 'wide', 'json', 'yaml', 'name', 'map'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

export interface ListStyle {
  readonly format: ListFormat;
  /** Whether the rows are of several namespaces. */
  readonly allNamespaces: boolean;
  /** The one model that was asked for. */
  readonly model?: string | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly paint: Paint;
}

/** @throws CliError where a map cannot hold the rows */
export function renderList(rows: readonly VersionRow[], style: ListStyle): string {
  switch (style.format) {
    case 'json':
      return `${JSON.stringify(rows, null, 2)}\n`;
    case 'yaml':
      return stringify(rows, { lineWidth: 0 });
    case 'name':
      return rows.map(({ namespace, name }) => `${style.allNamespaces ? `${namespace}/` : ''}${name}\n`).join('');
    case 'map':
      return renderStageMap(rows, style.model);
    case 'table':
    case 'wide':
      return renderColumns(rows, style);
  }
}

/** The columns of `kubectl get mv`. */
function renderColumns(rows: readonly VersionRow[], { format, allNamespaces, nowMs, paint }: ListStyle): string {
  if (rows.length === 0) return '';
  const wide = format === 'wide';
  const header = [
    ...(allNamespaces ? ['NAMESPACE'] : []),
    ...['NAME', 'MODEL', 'VERSION', 'STAGE', 'REQUESTED', 'DECISION', 'AGE'],
    ...(wide ? ['POLICIES', 'REASON'] : []),
  ];
  const cells = rows.map((row) => [
    ...(allNamespaces ? [row.namespace] : []),
    ...[row.name, row.model, row.version, row.stage, row.requested, row.reason, renderAge(row.createdAt, nowMs)],
    ...(wide ? [row.policies.map(({ name }) => name.slice(name.indexOf('/') + 1)).join(','), row.message] : []),
  ]);
  const decision = header.indexOf('DECISION');
  return renderTable(header, cells, (text, _, column) =>
    column === decision && isReason(text) ? paint(styleOf(APPROVED_REASONS[text]), text) : text,
  );
}

function isReason(text: string): text is ApprovedReason {
  return Object.hasOwn(APPROVED_REASONS, text);
}
