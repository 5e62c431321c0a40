import { Command, InvalidArgumentError, Option } from 'commander';
import { Duration, parseDurationMs } from '../../api/index.ts';
import { loadPoliciesAndBundles } from '../evaluate/load-bundle-policy.ts';
import { loadSubmitted } from '../evaluate/load-submitted.ts';
import { loadManifests } from '../load-manifests.ts';
import { renderTable } from '../render-table.ts';
import { type BenchRow, benchPolicies } from './bench-policies.ts';
import { addRegistryOptions, type RegistryOptions } from './bundle/registry-options.ts';
import { openRegoTools } from './rego-tools.ts';

interface BenchOptions extends RegistryOptions {
  readonly filename: readonly string[];
  readonly duration: number;
  readonly output: 'table' | 'json';
}

export function buildBenchCommand(): Command {
  const command = new Command('bench')
    .summary('what evaluations of a policy cost')
    .description(
      'Measures evaluations of policies for ModelVersions, in one thread: times, evaluations a second, memory.',
    )
    .argument('<file...>', 'policies: folders, .rego files, YAML files, or bundles (.tar.gz, oci://…)')
    .requiredOption('-f, --filename <file...>', 'ModelVersions, and Namespaces for their labels: YAML or JSON')
    .addOption(
      new Option('--duration <duration>', 'how long to measure each').argParser(parseDuration).default(2000, '2s'),
    )
    .addOption(new Option('-o, --output <format>', 'output format').choices(['table', 'json']).default('table'));
  return addRegistryOptions(command).action(async (paths: readonly string[], options: BenchOptions) => {
    const { filename, duration, output, ...registry } = options;
    const submitted = loadSubmitted(filename, loadManifests(filename));
    const policies = await loadPoliciesAndBundles(paths, registry);
    await using tools = openRegoTools();
    const now = new Date().toISOString();
    const rows = await benchPolicies(submitted, policies, { ...tools, durationMs: duration, now });
    process.stdout.write(output === 'json' ? `${JSON.stringify(rows, null, 2)}\n` : renderRows(rows));
  });
}

function renderRows(rows: readonly BenchRow[]): string {
  return renderTable(
    ['POLICY', 'VERSION', 'P50', 'P95', 'P99', 'PER SECOND', 'MEMORY'],
    rows.map(({ policy, version, p50, p95, p99, evaluationsPerSecond, memoryBytes }) => [
      policy,
      version,
      ...[p50, p95, p99].map((microseconds) => `${microseconds} µs`),
      String(evaluationsPerSecond),
      `${Math.ceil(memoryBytes / 1024)} KiB`,
    ]),
  );
}

function parseDuration(text: string): number {
  if (!Duration.safeParse(text).success) throw new InvalidArgumentError('A duration reads like 500ms, 2s or 1m.');
  return parseDurationMs(text);
}
