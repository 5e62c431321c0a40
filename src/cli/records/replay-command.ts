import { Command } from 'commander';
import type { AuditRecord } from '../../decision/index.ts';
import { loadRecordedPolicy, type Replay, replayDecision } from '../../operator/index.ts';
import { type CompiledPolicy, type Compiler, createCompiler, createEvaluator } from '../../rego/index.ts';
import { CliError } from '../cli-error.ts';
import { compileBundle, splitBundles } from '../evaluate/load-bundle-policy.ts';
import { loadPolicies } from '../evaluate/load-policies.ts';
import { EXIT, type ExitCode, renderExitCodes } from '../exit-code.ts';
import { addRegistryOptions, type RegistryOptions } from '../policy/bundle/registry-options.ts';
import { regoPaths } from '../rego-paths.ts';
import { type LoadedRecord, loadRecords } from './load-records.ts';

interface ReplayOptions extends RegistryOptions {
  readonly policy?: readonly string[];
}

export function buildReplayCommand(exit: (code: ExitCode) => void): Command {
  const command = new Command('replay')
    .summary('make recorded decisions again, and compare')
    .description(
      'Makes every decision of a record again, offline, from its snapshot and the policies that it names by digest, and compares the result with the record byte for byte. ' +
        'The policies are taken from the record itself, from --policy, or from the cache of compiled policies.',
    )
    .argument('<file...>', 'records: what the operator wrote, its log, or - for standard input')
    .option(
      '-p, --policy <path...>',
      'policies: YAML files, .rego files, folders of Rego modules, or bundles (.tar.gz, oci://…)',
    )
    .addHelpText('after', renderExitCodes('replay'));
  return addRegistryOptions(command).action(async (files: readonly string[], options: ReplayOptions) =>
    exit(await replay(files, options)),
  );
}

async function replay(files: readonly string[], { policy: paths = [], ...registry }: ReplayOptions): Promise<ExitCode> {
  const records = loadRecords(files);
  const decisions = records.flatMap(({ place, record }) => (record.kind === 'Decision' ? [{ place, record }] : []));
  if (decisions.length === 0) throw new CliError([`${files.join(', ')}: holds no decision to replay`]);
  await using compiler = createCompiler(regoPaths());
  await using evaluator = createEvaluator({ ...regoPaths(), threads: 1 });
  const given = await compileGiven(paths, registry, compiler);
  const loadPolicy = buildPolicyLoader(records, given, compiler);
  const replays: Replay[] = [];
  for (const { place, record } of decisions) {
    const result = await replayDecision(record, { loadPolicy, evaluator });
    replays.push(result);
    const { namespace, name, generation } = record.modelVersion;
    console.log(`${place}: ${namespace}/${name} generation ${generation}: ${render(result)}`);
  }
  if (replays.some(({ kind }) => kind === 'different')) return EXIT.rejected;
  return replays.some(({ kind }) => kind === 'impossible') ? EXIT.error : EXIT.approved;
}

function render(result: Replay): string {
  switch (result.kind) {
    case 'same':
      return 'the same, byte for byte';
    case 'impossible':
      return `cannot be replayed: ${result.why}`;
    case 'different':
      return `differs\n  recorded  ${result.recorded}\n  replayed  ${result.replayed}`;
  }
}

async function compileGiven(
  paths: readonly string[],
  registry: RegistryOptions,
  compiler: Compiler,
): Promise<readonly CompiledPolicy[]> {
  const { bundles, others } = splitBundles(paths);
  const results = await Promise.all([
    ...loadPolicies(others).flatMap(({ spec: { modules } }) => (modules ? [compiler.compile(modules)] : [])),
    ...bundles.map((place) => compileBundle(place, registry, compiler)),
  ]);
  return results.flatMap((result) => (result.kind === 'compiled' ? [result.policy] : []));
}

/** The sources in the record come first: they are what an auditor was handed. */
function buildPolicyLoader(records: readonly LoadedRecord[], given: readonly CompiledPolicy[], compiler: Compiler) {
  const recorded = new Map(records.flatMap(({ record }) => (isPolicy(record) ? [[record.id, record] as const] : [])));
  return async (digest: string): Promise<CompiledPolicy | null> => {
    const policy = recorded.get(digest);
    const compiled = policy && (await loadRecordedPolicy(policy, compiler));
    // Other sources, or another compiler, have another digest.
    if (compiled?.kind === 'compiled' && compiled.policy.digest === digest) return compiled.policy;
    return given.find((policy) => policy.digest === digest) ?? compiler.load(digest);
  };
}

function isPolicy(record: AuditRecord): record is AuditRecord & { readonly kind: 'Policy' } {
  return record.kind === 'Policy';
}
