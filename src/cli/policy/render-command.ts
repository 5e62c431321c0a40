import { basename, dirname } from 'node:path';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { z } from 'zod';
import { EXIT, type ExitCode, renderExitCodes } from '../exit-code.ts';
import { createPaint } from '../paint.ts';
import { checkPolicy } from './check-policy.ts';
import { loadSources, type PolicySource } from './policy-source.ts';
import { openRegoTools } from './rego-tools.ts';
import { type CheckedPolicy, renderProblems } from './render-problems.ts';

const FORMATS = ['yaml', 'json'] as const;

export function buildRenderCommand(exit: (code: ExitCode) => void): Command {
  return new Command('render')
    .summary('print policies as Kubernetes takes them')
    .description(
      'Prints policies with the .rego files beside them in spec.modules, without tests, for kubectl apply -f -. It compiles them first.',
    )
    .argument('<file...>', 'policies: folders, .rego files, or YAML files')
    .addOption(new Option('-o, --output <format>', 'output format').choices(FORMATS).default('yaml'))
    .addHelpText('after', renderExitCodes('render'))
    .action(async (paths: readonly string[], { output }: { readonly output: (typeof FORMATS)[number] }) => {
      const sources = loadSources(paths.map(folderOf));
      const broken = await findMistakes(sources);
      if (broken.length > 0) {
        process.stderr.write(renderProblems(broken, 'pretty', createPaint(process.stderr)));
        return exit(EXIT.rejected);
      }
      process.stdout.write(RENDER[output](sources.map(toObject)));
    });
}

/** The `policy.yaml` of a folder is not whole without what is beside it. */
function folderOf(path: string): string {
  return /^policy\.ya?ml$/.test(basename(path)) ? dirname(path) : path;
}

/** @returns the policies that `policy check` finds an error in. What is wrong with a test keeps no policy back. */
async function findMistakes(sources: readonly PolicySource[]): Promise<readonly CheckedPolicy[]> {
  await using tools = openRegoTools();
  const checked: CheckedPolicy[] = [];
  for (const source of sources) {
    const problems = await checkPolicy({ ...source, tests: {} }, tools.compiler);
    const errors = problems.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) checked.push({ path: source.path, name: source.policy.metadata.name, problems: errors });
  }
  return checked;
}

/** What its author says of the object. What the API server adds, as in what `kubectl get` prints, is left out. */
const Authored = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});

function toObject({ policy, manifest, modules }: PolicySource): object {
  const { apiVersion, kind, metadata, spec } = policy;
  // A namespace that nobody has named is for `kubectl apply -n` to say.
  const authored = manifest ? Authored.parse(manifest.value).metadata : { name: metadata.name };
  return { apiVersion, kind, metadata: authored, spec: { ...spec, modules } };
}

const RENDER: Readonly<Record<(typeof FORMATS)[number], (objects: readonly object[]) => string>> = {
  yaml: (objects) =>
    objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n'),
  json: (objects) => {
    const [only, ...others] = objects;
    const shown = others.length === 0 ? only : { apiVersion: 'v1', kind: 'List', items: objects };
    return `${JSON.stringify(shown, null, 2)}\n`;
  },
};
