import { Command, Option } from 'commander';
import { nearNames } from '../../api/index.ts';
import { type Cluster, listPages, MODEL_VERSIONS } from '../../kube/index.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { createPaint } from '../paint.ts';
import { stageOption } from '../stage-option.ts';
import { parseVersion } from '../stored-version.ts';
import { LIST_FORMATS, type ListFormat, renderList } from './render-list.ts';
import { matchesFilter, type RowFilter, sortRows, toRow, type VersionRow } from './version-row.ts';

interface ListOptions extends NamespaceOptions, RowFilter {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly output: ListFormat;
}

export function buildListCommand(): Command {
  return addNamespaceOptions(
    new Command('list')
      .summary('list versions: by model, by stage, or what waits for people')
      .description('Lists ModelVersions with the stage in effect, the stage asked for, and the decision.')
      .option('--model <name>', 'only the versions of this model')
      .addOption(stageOption('--stage <stage>', 'only those in this stage'))
      .addOption(stageOption('--requested <stage>', 'only those that ask for this stage'))
      .option('--waiting', 'only those that wait for people')
      .option('--not-compliant', 'only those approved that the policies of today would not approve')
      .option('-l, --selector <labels>', 'only those with these labels, as kubectl takes them')
      .addOption(new Option('-o, --output <format>', 'output format').choices(LIST_FORMATS).default('table')),
  )
    .addOption(new Option('-A, --all-namespaces', 'of all namespaces').conflicts('namespace'))
    .action(list);
}

async function list(options: ListOptions): Promise<void> {
  const { model, allNamespaces = false, selector, output } = options;
  await using cluster = openCluster(options);
  const namespace = allNamespaces ? undefined : (options.namespace ?? cluster.namespace);
  const all = await readRows(cluster, { namespace, labelSelector: selector });
  const rows = sortRows(all.filter((row) => matchesFilter(row, options)));
  const style = { format: output, allNamespaces, model, nowMs: Date.now(), paint: createPaint(process.stdout) };
  process.stdout.write(renderList(rows, style));
  if (rows.length === 0) console.error(explainEmpty(all, options, namespace));
}

async function readRows(
  cluster: Cluster,
  selection: { readonly namespace: string | undefined; readonly labelSelector: string | undefined },
): Promise<readonly VersionRow[]> {
  const rows: VersionRow[] = [];
  // A page is turned into rows before the next one is read: whole objects of a large cluster take much memory.
  for await (const { items } of listPages(cluster, MODEL_VERSIONS, selection))
    rows.push(...items.map((item) => toRow(parseVersion(item))));
  return rows;
}

function explainEmpty(all: readonly VersionRow[], { model }: RowFilter, namespace: string | undefined): string {
  const where = namespace === undefined ? 'in any namespace' : `in namespace ${namespace}`;
  if (all.length === 0) return `no ModelVersions ${where}`;
  const models = [...new Set(all.map((row) => row.model))];
  if (model === undefined || models.includes(model)) return `none of ${all.length} ModelVersions ${where} matches`;
  const near = nearNames(model, models);
  return `no versions of model ${model} ${where}${near.length > 0 ? `; did you mean ${near.join(', ')}?` : ''}`;
}
