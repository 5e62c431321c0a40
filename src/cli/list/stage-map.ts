import { CliError } from '../cli-error.ts';
import type { VersionRow } from './version-row.ts';

/**
 * @param model the one model that was asked for
 * @returns JSON: model → version → stage in effect; of one model, version → stage
 * @throws CliError where two objects are the same version of a model in different stages: a map cannot say both
 */
export function renderStageMap(rows: readonly VersionRow[], model?: string): string {
  const models = new Map<string, Map<string, VersionRow>>();
  for (const row of rows) {
    const versions = models.get(row.model) ?? new Map<string, VersionRow>();
    const other = versions.get(row.version);
    if (other && other.stage !== row.stage)
      throw new CliError([
        `version ${row.version} of ${row.model} is ${describe(other)} and ${describe(row)}: a map cannot say both; narrow it with -n, -l or --stage`,
      ]);
    models.set(row.model, versions.set(row.version, row));
  }
  const stages = (versions: ReadonlyMap<string, VersionRow> = new Map()) =>
    Object.fromEntries([...versions].map(([version, { stage }]) => [version, stage]));
  const map =
    model === undefined
      ? Object.fromEntries([...models].map(([name, versions]) => [name, stages(versions)]))
      : stages(models.get(model));
  return `${JSON.stringify(map, null, 2)}\n`;
}

function describe({ namespace, name, stage }: VersionRow): string {
  return `in stage ${stage} (${namespace}/${name})`;
}
