import { Command, Option } from 'commander';
import { loadPoliciesAndBundles } from '../evaluate/load-bundle-policy.ts';
import { loadManifests } from '../load-manifests.ts';
import { createPaint } from '../paint.ts';
import { addRegistryOptions, type RegistryOptions } from './bundle/registry-options.ts';
import { evaluateSubject, loadSubject } from './evaluate-subject.ts';
import { openRegoTools } from './rego-tools.ts';
import { EVALUATION_FORMATS, type EvaluationFormat, renderEvaluations } from './render-evaluations.ts';

interface EvalOptions extends RegistryOptions {
  readonly policy: readonly string[];
  readonly output: EvaluationFormat;
}

export function buildEvalCommand(): Command {
  const command = new Command('eval')
    .summary('what each policy answers, as a raw document')
    .description(
      'Evaluates policies for a ModelVersion, or for an input document, and shows what each answers and what that means.',
    )
    .argument('<file>', 'ModelVersions (and Namespaces), or an input: YAML or JSON, or - for standard input')
    .requiredOption(
      '-p, --policy <path...>',
      'policies: YAML files, .rego files, folders of Rego modules, or bundles (.tar.gz, oci://…)',
    )
    .addOption(new Option('-o, --output <format>', 'output format').choices(EVALUATION_FORMATS).default('pretty'));
  return addRegistryOptions(command).action(async (file: string, { policy, output, ...registry }: EvalOptions) => {
    const subject = loadSubject(file, loadManifests([file]));
    const policies = await loadPoliciesAndBundles(policy, registry);
    await using tools = openRegoTools();
    const evaluations = await evaluateSubject(subject, policies, { ...tools, now: new Date().toISOString() });
    process.stdout.write(renderEvaluations(evaluations, output, createPaint(process.stdout)));
  });
}
