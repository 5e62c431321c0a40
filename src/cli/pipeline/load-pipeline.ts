import { checkPipeline, type Pipeline } from '../../pipeline/index.ts';
import { CliError } from '../cli-error.ts';
import { loadManifests } from '../load-manifests.ts';
import type { Problem } from '../policy/check-policy.ts';
import type { Place } from '../policy/policy-source.ts';
import { printable } from '../printable.ts';

interface LoadedPipeline {
  readonly pipeline: Pipeline;
  /** What may not be meant, each as one line with its place. */
  readonly warnings: readonly string[];
  locate(path: readonly PropertyKey[]): Place & { readonly text: string };
}

/** @throws CliError with file, line and column of everything that is wrong */
export function loadPipeline(file: string): LoadedPipeline {
  const { pipeline, problems, locate } = readPipeline(file);
  if (!pipeline) throw new CliError(problems.filter(({ severity }) => severity === 'error').map(renderProblem));
  return { pipeline, warnings: problems.map((problem) => `warning: ${renderProblem(problem)}`), locate };
}

/** @throws CliError where it is not one document of YAML */
export function readPipeline(file: string) {
  const [manifest, second] = loadManifests([file]);
  if (!manifest) throw new CliError([`${file}: no YAML document found`]);
  if (second)
    throw new CliError([`${second.locate([])}: a pipeline file holds one document, and here a second begins`]);
  const locate = (path: readonly PropertyKey[]) => parsePlace(manifest.locate(path));
  const { pipeline, problems } = checkPipeline(manifest.value);
  const placed = problems.map(({ path, severity, code, message }): Problem => {
    const { text: _, ...place } = locate(path);
    return { ...place, severity, code, message };
  });
  return { pipeline, problems: placed, locate };
}

function renderProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${printable(message)}`;
}

function parsePlace(text: string): Place & { readonly text: string } {
  const [, file = text, line = '1', column = '1'] = /^(.*):(\d+):(\d+)$/s.exec(text) ?? [];
  return { text, file, line: Number(line), column: Number(column) };
}
