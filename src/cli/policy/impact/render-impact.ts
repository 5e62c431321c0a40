import { renderTable } from '../../render-table.ts';
import type { Flip, Impact } from './measure-impact.ts';

export const IMPACT_FORMATS = ['table', 'json'] as const;
export type ImpactFormat = (typeof IMPACT_FORMATS)[number];

/** @returns who would be decided otherwise, which way and why: as a table for people, or as data for programs. */
export function renderImpact(impact: Impact, format: ImpactFormat): string {
  return format === 'json' ? `${JSON.stringify(impact, null, 2)}\n` : renderForPeople(impact);
}

function renderForPeople({ versions, flips, changed, invalid }: Impact): string {
  const table = renderTable(
    ['NAMESPACE', 'NAME', 'MODEL', 'VERSION', 'REQUESTED', 'NOW', 'THEN', 'DECIDED', 'WHY'],
    flips.map((flip) => [
      flip.namespace,
      flip.name,
      flip.model,
      flip.version,
      flip.requested,
      flip.from,
      flip.to,
      flip.decided ? 'stands' : '',
      explain(flip),
    ]),
  );
  const lines = [
    `${versions.toLocaleString('en-US')} versions: ${count(flips.length, 'would flip', 'none would flip')}`,
    ...countWays(flips).map(([way, number]) => `  ${number.toLocaleString('en-US')} ${way}`),
    ...(changed > 0
      ? [`${changed.toLocaleString('en-US')} keep their outcome, for other reasons or other people`]
      : []),
    ...(flips.some(({ decided }) => decided)
      ? ['DECIDED stands: the decision is made and stays; the policies would meet the next change of its spec']
      : []),
    ...invalid.map(({ key, problems }) => `cannot be judged: ${key}: ${problems.join('; ')}`),
  ];
  return `${flips.length > 0 ? `${table}\n` : ''}${lines.join('\n')}\n`;
}

function count(number: number, some: string, none: string): string {
  return number === 0 ? none : `${number.toLocaleString('en-US')} ${some}`;
}

function countWays(flips: readonly Flip[]): readonly (readonly [way: string, count: number])[] {
  const ways = new Map<string, number>();
  for (const { from, to } of flips) ways.set(`${from} -> ${to}`, (ways.get(`${from} -> ${to}`) ?? 0) + 1);
  return [...ways].toSorted(([, a], [, b]) => b - a);
}

function explain({ policies, reason }: Flip): string {
  const told = policies.map(({ name, to, reasons }) => `${name}${to ? '' : ' judges no more'}: ${reasons.join('; ')}`);
  return told.length > 0 ? told.join(' | ') : reason;
}
