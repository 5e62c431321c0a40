import { Command, Option } from 'commander';
import { z } from 'zod';
import { ModelVersion } from '../../api/index.ts';
import { createCompiler, createEvaluator } from '../../rego/index.ts';
import { CliError } from '../cli-error.ts';
import { type ExitCode, renderExitCodes, toExitCode } from '../exit-code.ts';
import { loadManifests, parseManifest } from '../load-manifests.ts';
import { regoPaths } from '../rego-paths.ts';
import { evaluateOffline } from './evaluate-offline.ts';
import { loadPolicies } from './load-policies.ts';
import { DECISION_FORMATS, type DecisionFormat, renderDecisions } from './render-decisions.ts';

interface EvaluateOptions {
  readonly filename: readonly string[];
  readonly policy: readonly string[];
  readonly output: DecisionFormat;
}

export function buildEvaluateCommand(exit: (code: ExitCode) => void): Command {
  return new Command('evaluate')
    .summary('decide offline, without a cluster')
    .description('Decides on ModelVersions as the operator would, without a cluster.')
    .addHelpText('after', renderExitCodes('evaluate'))
    .requiredOption(
      '-f, --filename <file...>',
      'ModelVersions, and Namespaces for their labels: YAML or JSON files, folders, or -',
    )
    .requiredOption('-p, --policy <path...>', 'policies: YAML files, .rego files, or folders of Rego modules')
    .addOption(new Option('-o, --output <format>', 'output format').choices(DECISION_FORMATS).default('table'))
    .action(async ({ filename, policy, output }: EvaluateOptions) => exit(await evaluate(filename, policy, output)));
}

async function evaluate(files: readonly string[], paths: readonly string[], format: DecisionFormat): Promise<ExitCode> {
  const { versions, namespaces } = loadSubmitted(files);
  const policies = loadPolicies(paths);
  await using compiler = createCompiler(regoPaths());
  await using evaluator = createEvaluator({ threads: 1 });
  const now = new Date().toISOString();
  const decisions = await evaluateOffline(versions, policies, { namespaces, compiler, evaluator, now });
  process.stdout.write(renderDecisions(decisions, format));
  return toExitCode(decisions.map(({ status }) => status.decision?.outcome ?? 'Error'));
}

interface Submitted {
  readonly versions: readonly ModelVersion[];
  /** Labels by namespace. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

const Namespace = z.looseObject({
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
});

/** Every problem of every file at once: a user repairs them in one go. */
function loadSubmitted(files: readonly string[]): Submitted {
  const problems: string[] = [];
  const versions: ModelVersion[] = [];
  const namespaces = new Map<string, Readonly<Record<string, string>>>();
  for (const manifest of loadManifests(files)) {
    try {
      if (manifest.kind === 'ModelVersion') versions.push(parseManifest(manifest, ModelVersion));
      else if (manifest.kind === 'Namespace') {
        const { name, labels } = parseManifest(manifest, Namespace).metadata;
        namespaces.set(name, labels);
      } else
        problems.push(`${manifest.locate(['kind'])}: kind is ${manifest.kind || 'missing'}; write kind: ModelVersion`);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length === 0 && versions.length === 0) problems.push(`${files.join(', ')}: no ModelVersion found`);
  if (problems.length > 0) throw new CliError(problems);
  return { versions, namespaces };
}
