import { Command, Option } from 'commander';
import { createCompiler, createEvaluator } from '../../rego/index.ts';
import { type ExitCode, renderExitCodes, toExitCode } from '../exit-code.ts';
import { loadManifests } from '../load-manifests.ts';
import { addRegistryOptions, type RegistryOptions } from '../policy/bundle/registry-options.ts';
import { regoPaths } from '../rego-paths.ts';
import { evaluateOffline } from './evaluate-offline.ts';
import { loadPoliciesAndBundles } from './load-bundle-policy.ts';
import { loadSubmitted } from './load-submitted.ts';
import { DECISION_FORMATS, type DecisionFormat, renderDecisions } from './render-decisions.ts';

interface EvaluateOptions extends RegistryOptions {
  readonly filename: readonly string[];
  readonly policy: readonly string[];
  readonly output: DecisionFormat;
}

export function buildEvaluateCommand(exit: (code: ExitCode) => void): Command {
  const command = new Command('evaluate')
    .summary('decide offline, without a cluster')
    .description('Decides on ModelVersions as the operator would, without a cluster.')
    .addHelpText('after', renderExitCodes('evaluate'))
    .requiredOption(
      '-f, --filename <file...>',
      'ModelVersions, and Namespaces for their labels: YAML or JSON files, folders, or -',
    )
    .requiredOption(
      '-p, --policy <path...>',
      'policies: YAML files, .rego files, folders of Rego modules, or bundles (.tar.gz, oci://…)',
    )
    .addOption(new Option('-o, --output <format>', 'output format').choices(DECISION_FORMATS).default('table'));
  return addRegistryOptions(command).action(async (options: EvaluateOptions) => exit(await evaluate(options)));
}

async function evaluate({ filename: files, policy, output, ...registry }: EvaluateOptions): Promise<ExitCode> {
  const { versions, namespaces } = loadSubmitted(files, loadManifests(files));
  const policies = await loadPoliciesAndBundles(policy, registry);
  await using compiler = createCompiler(regoPaths());
  await using evaluator = createEvaluator({ ...regoPaths(), threads: 1 });
  const now = new Date().toISOString();
  const decisions = await evaluateOffline(versions, policies, { namespaces, compiler, evaluator, now });
  process.stdout.write(renderDecisions(decisions, output));
  return toExitCode(decisions.map(({ status }) => status.decision?.outcome ?? 'Error'));
}
