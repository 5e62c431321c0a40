import { z } from 'zod';
import { type Cluster, listPages, MODEL_VERSIONS } from '../../../kube/index.ts';
import { createVersionCollection, NAMESPACES } from '../../../operator/index.ts';
import { CliError } from '../../cli-error.ts';
import { labelsOf } from '../../evaluate/namespace-labels.ts';
import { loadManifests } from '../../load-manifests.ts';
import type { Estate } from './estate.ts';
import { readJsonObjects } from './read-json-objects.ts';

type Labels = Readonly<Record<string, string>>;

const Named = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().default('default'),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});

/**
 * Reads the versions of one namespace or of all, and the labels of the namespaces that they are in.
 *
 * @param report is told how many have been read
 * @throws KubeApiError
 */
export async function loadClusterEstate(
  cluster: Cluster,
  namespace: string | undefined,
  report: (versions: number) => void,
): Promise<Estate> {
  const collection = createVersionCollection();
  let count = 0;
  for await (const { items } of listPages(cluster, MODEL_VERSIONS, { namespace })) {
    for (const item of items) addVersion(collection, item);
    count += items.length;
    report(count);
  }
  const labels = new Map<string, Labels>();
  const selection = namespace === undefined ? {} : { fieldSelector: `metadata.name=${namespace}` };
  for await (const { items } of listPages(cluster, NAMESPACES, selection))
    for (const item of items) addNamespace(labels, item);
  return { collection, namespaces: { labels: (name) => labels.get(name) } };
}

/**
 * Reads a dump: what `kubectl get mv,ns -A -o json` prints, one object a line, or YAML.
 *
 * @throws CliError
 */
export async function loadDumpedEstate(paths: readonly string[], report: (versions: number) => void): Promise<Estate> {
  const collection = createVersionCollection();
  const labels = new Map<string, Labels>();
  let count = 0;
  for await (const object of readObjects(paths)) {
    const kind = 'kind' in object ? object.kind : undefined;
    if (kind === 'Namespace') addNamespace(labels, object);
    if (kind !== 'ModelVersion') continue;
    addVersion(collection, object);
    count++;
    if (count % REPORT_EVERY === 0) report(count);
  }
  if (count === 0) throw new CliError([`${paths.join(', ')}: no ModelVersion found`]);
  report(count);
  return { collection, namespaces: { labels: (name) => labelsOf(name, labels.get(name)) } };
}

const REPORT_EVERY = 500;

async function* readObjects(paths: readonly string[]): AsyncGenerator<object> {
  for (const path of paths) {
    if (/\.(json|ndjson|jsonl)$/.test(path)) yield* readJsonObjects(path);
    else for (const { value } of loadManifests([path])) if (typeof value === 'object' && value !== null) yield value;
  }
}

function addVersion({ add }: Pick<Estate['collection'], 'add'>, object: object): void {
  const parsed = Named.safeParse(object);
  if (!parsed.success) throw new CliError(['a ModelVersion has no metadata.name: the dump is damaged, write it anew']);
  const { namespace, name } = parsed.data.metadata;
  add(`${namespace}/${name}`, { ...parsed.data, metadata: { generation: 1, ...parsed.data.metadata, namespace } });
}

function addNamespace(labels: Map<string, Labels>, object: object): void {
  const { metadata } = Named.parse(object);
  labels.set(metadata.name, metadata.labels);
}
