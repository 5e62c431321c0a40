import { Command, Option } from 'commander';
import { nearNames } from '../../api/index.ts';
import { CliError } from '../cli-error.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import type { OfflineCase } from '../evaluate/decide-offline.ts';
import { findChampion } from '../evaluate/evaluate-offline.ts';
import { loadSubmitted } from '../evaluate/load-submitted.ts';
import { loadManifests } from '../load-manifests.ts';
import { createPaint } from '../paint.ts';
import { locateVersion, parseVersionName } from '../version-name.ts';
import { explainDecision, type PlacedPolicy, type StandingDecision } from './explain-decision.ts';
import { gatherCase, gatherPolicies } from './gather-from-cluster.ts';
import { loadSources } from './policy-source.ts';
import { openRegoTools } from './rego-tools.ts';
import { EXPLANATION_FORMATS, type ExplanationFormat, renderExplanation } from './render-explanation.ts';

interface ExplainOptions extends NamespaceOptions {
  readonly filename?: readonly string[];
  readonly policy?: readonly string[];
  readonly output: ExplanationFormat;
}

export function buildExplainCommand(): Command {
  return addNamespaceOptions(
    new Command('explain')
      .summary('why a version is where it is, rule by rule')
      .description(
        'Explains what the policies say of a version: which rule, from which value, and what would make it pass. From the cluster, or with -f from files.',
      )
      .argument('[name]', 'name of the ModelVersion', parseVersionName)
      .option('-f, --filename <file...>', 'ModelVersions, and Namespaces for their labels, in place of the cluster')
      .option('-p, --policy <path...>', 'policies in place of those of the cluster; -f needs them'),
  )
    .addOption(new Option('-o, --output <format>', 'output format').choices(EXPLANATION_FORMATS).default('pretty'))
    .action(async (name: string | undefined, options: ExplainOptions) => {
      const { given, placed, stands } = await gather(name, options);
      await using tools = openRegoTools();
      const explanation = await explainDecision(given, placed, tools);
      process.stdout.write(renderExplanation({ ...explanation, stands }, options.output, createPaint(process.stdout)));
    });
}

interface Gathered {
  readonly given: OfflineCase;
  readonly placed: readonly PlacedPolicy[];
  /** Null where nothing was decided on this spec, or there is no cluster. */
  readonly stands: StandingDecision | null;
}

async function gather(name: string | undefined, options: ExplainOptions): Promise<Gathered> {
  const { filename, policy } = options;
  if (filename) {
    if (!policy) throw new CliError(['give the policies with --policy: without a cluster there are no others']);
    return { given: gatherFromFiles(name, filename), placed: loadSources(policy), stands: null };
  }
  if (name === undefined)
    throw new CliError(['name a version of the cluster, before any -p, or give files with --filename']);
  await using cluster = openCluster(options);
  const where = locateVersion(cluster, name, options);
  const gathered = await gatherCase(cluster, where);
  return { ...gathered, placed: policy ? loadSources(policy) : await gatherPolicies(cluster, where.namespace) };
}

function gatherFromFiles(name: string | undefined, files: readonly string[]): OfflineCase {
  const { versions, namespaces } = loadSubmitted(files, loadManifests(files));
  const [modelVersion, ...others] =
    name === undefined ? versions : versions.filter(({ metadata }) => metadata.name === name);
  const names = versions.map(({ metadata }) => metadata.name);
  if (!modelVersion) {
    const near = nearNames(name ?? '', names);
    const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `there are ${names.join(', ')}`;
    throw new CliError([`${files.join(', ')}: no ModelVersion ${name}: ${hint}`]);
  }
  if (others.length > 0) throw new CliError([`${files.join(', ')}: several versions: name one of ${names.join(', ')}`]);
  return {
    modelVersion,
    champion: findChampion(modelVersion, versions),
    labels: namespaces.get(modelVersion.metadata.namespace ?? 'default') ?? {},
    submitter: null,
    verified: {},
    now: new Date().toISOString(),
  };
}
