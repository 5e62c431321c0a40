import { Command, Option } from 'commander';
import { matchesLabels } from '../../../decision/index.ts';
import type { Cluster } from '../../../kube/index.ts';
import { createCompiler, createEvaluator } from '../../../rego/index.ts';
import { CliError } from '../../cli-error.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../../cluster-options.ts';
import { EXIT, type ExitCode, renderExitCodes } from '../../exit-code.ts';
import { regoPaths } from '../../rego-paths.ts';
import { addRegistryOptions, type RegistryOptions } from '../bundle/registry-options.ts';
import type { Estate } from './estate.ts';
import { loadClusterEstate, loadDumpedEstate } from './load-estate.ts';
import { compileSide, nextPolicies, readClusterPolicies, readPolicyFiles } from './load-sides.ts';
import { measureImpact } from './measure-impact.ts';
import { parseLabelSelector } from './parse-label-selector.ts';
import { createProgressBar } from './progress-bar.ts';
import { IMPACT_FORMATS, type ImpactFormat, renderImpact } from './render-impact.ts';

interface ImpactCommandOptions extends NamespaceOptions, RegistryOptions {
  readonly to: readonly string[];
  readonly from: readonly string[];
  readonly filename?: readonly string[];
  readonly prune?: boolean;
  readonly enforced?: boolean;
  readonly selector?: string;
  readonly allNamespaces?: boolean;
  readonly exitCode?: boolean;
  readonly output: ImpactFormat;
}

/** The word that stands for what the cluster has. */
const CLUSTER = 'cluster';

export function buildImpactCommand(exit: (code: ExitCode) => void): Command {
  const command = addNamespaceOptions(
    new Command('impact')
      .summary('which versions would be decided otherwise by other policies')
      .description(
        'Decides every version twice, by the policies of today and by those that are to come, and shows which would be\n' +
          'decided otherwise, which way and why. Changes nothing.',
      )
      .addHelpText('after', renderExitCodes('impact'))
      .requiredOption(
        '--to <path...>',
        `policies that are to come: files and folders as \`assent evaluate\` takes them, or \`${CLUSTER}\``,
      )
      .option('--from <path...>', `policies of today: files and folders, or \`${CLUSTER}\``, [CLUSTER])
      .option(
        '-f, --filename <file...>',
        'versions from a dump, `kubectl get mv,ns -A -o json` or one JSON object a line (default: those of the cluster)',
      )
      .option('--prune', 'policies that --to does not hold are taken away')
      .option('--enforced', 'judge as if the policies of --to that are in shadow were enforced')
      .option('-l, --selector <labels>', 'only versions with these labels, as kubectl takes them')
      .option('--exit-code', 'end with 1 where a version would flip')
      .addOption(new Option('-o, --output <format>', 'output format').choices(IMPACT_FORMATS).default('table')),
  ).addOption(new Option('-A, --all-namespaces', 'of all namespaces').conflicts('namespace'));
  return addRegistryOptions(command).action(async (options: ImpactCommandOptions) => exit(await impact(options)));
}

async function impact(options: ImpactCommandOptions): Promise<ExitCode> {
  const { to, from, selector = '', prune = false, enforced = false, filename } = options;
  const labels = parseLabelSelector(selector);
  const needsCluster = filename === undefined || isCluster(to) || isCluster(from);
  await using cluster = needsCluster ? openCluster(options) : undefined;
  const namespace = options.allNamespaces ? undefined : (options.namespace ?? cluster?.namespace);

  const today = await readSide(from, cluster, namespace);
  const given = isCluster(to) ? today : await readSide(to, cluster, namespace);
  if (isCluster(to) && !enforced)
    throw new CliError([
      '--to cluster: the policies that are to come are those of today; give --enforced to judge as if those in shadow were enforced, or a folder with new policies',
    ]);
  await using compiler = createCompiler(regoPaths());
  const fromCatalog = await compileSide(today, {
    compiler,
    registry: options,
    cluster,
    onBroken: isCluster(from) ? 'errs' : 'refuse',
  });
  const next = nextPolicies({ from: today, given, prune, enforced });
  const toCatalog = await compileSide(next, {
    compiler,
    registry: options,
    cluster,
    onBroken: isCluster(to) ? 'errs' : 'refuse',
  });

  const estate = await loadEstate(filename, cluster, namespace);
  using bar = createProgressBar(process.stderr, 'judging');
  await using evaluator = createEvaluator(regoPaths());
  const measured = await measureImpact({
    estate,
    from: fromCatalog,
    to: toCatalog,
    evaluator,
    now: new Date().toISOString(),
    selects: (found) => matchesLabels(found, labels),
    report: bar.update,
  });
  bar[Symbol.dispose]();
  process.stdout.write(renderImpact(measured, options.output));
  return options.exitCode && measured.flips.length > 0 ? EXIT.rejected : EXIT.approved;
}

function isCluster(paths: readonly string[]): boolean {
  return paths.length === 1 && paths[0] === CLUSTER;
}

function readSide(paths: readonly string[], cluster: Cluster | undefined, namespace: string | undefined) {
  return isCluster(paths) && cluster ? readClusterPolicies(cluster, namespace) : readPolicyFiles(paths);
}

async function loadEstate(
  files: readonly string[] | undefined,
  cluster: Cluster | undefined,
  namespace: string | undefined,
): Promise<Estate> {
  using bar = createProgressBar(process.stderr, 'reading versions');
  if (files) return await loadDumpedEstate(files, bar.update);
  if (!cluster) throw new Error('no cluster was opened, and no dump is given');
  return await loadClusterEstate(cluster, namespace, bar.update);
}
