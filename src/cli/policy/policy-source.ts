import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { AnyApprovalPolicy } from '../../api/index.ts';
import { CliError } from '../cli-error.ts';
import {
  isCaseFile,
  isDataFile,
  type LoadedPolicy,
  loadPolicySources,
  refuseBundle,
} from '../evaluate/load-policies.ts';
import type { Manifest } from '../load-manifests.ts';

/** A place in a file, as editors and CI systems take it. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** A policy as its author works on it: with its tests, and with the files that its modules are from. */
export interface PolicySource {
  /** The file or folder that holds it. */
  readonly path: string;
  readonly policy: AnyApprovalPolicy;
  /** The YAML document that holds the policy; null where there are Rego modules only. */
  readonly manifest: Manifest | null;
  /** The Rego modules by file name, without those of the tests. */
  readonly modules: Readonly<Record<string, string>>;
  /** File name → source of its `*_test.rego`. */
  readonly tests: Readonly<Record<string, string>>;
  /** Its files of YAML cases. */
  readonly caseFiles: readonly string[];
  /** The names below `data.parameters`; null where there are Rego modules only, and nobody says which. */
  readonly parameters: readonly string[] | null;
  /** Where a line of a module or of a test stands on disk. */
  locate(place: Place): Place;
}

/**
 * Reads policies with their tests. A folder that holds no policy itself stands for those below it.
 *
 * @throws CliError
 */
export function loadSources(paths: readonly string[]): readonly PolicySource[] {
  return paths.flatMap(expandFolder).flatMap((path) => loadPolicySources([path]).map(toSource));
}

function expandFolder(path: string): readonly string[] {
  refuseBundle(path);
  if (!existsSync(path)) throw new CliError([`${path}: no such policy file or folder`]);
  if (!statSync(path).isDirectory()) {
    if (isCaseFile(path) || isTest(path))
      throw new CliError([
        `${path}: holds tests of a policy: name the policy, or its folder ${dirname(path)}; --run REGEX chooses among its tests`,
      ]);
    return [path];
  }
  const found = findPolicies(path);
  if (found.length === 0)
    throw new CliError([
      `${path}: holds no policies: name a folder with .rego files or a policy.yaml, or start one with \`assent policy init ${path}\``,
    ]);
  return found;
}

function findPolicies(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const holdsPolicy = entries.some(
    ({ name }) =>
      (name.endsWith('.rego') && !isTest(name)) || (/\.ya?ml$/.test(name) && !isCaseFile(name) && !isDataFile(name)),
  );
  if (holdsPolicy) return [folder];
  const below = entries.filter((entry) => entry.isDirectory() && !/^\.|^node_modules$|^cases$/.test(entry.name));
  return below
    .map(({ name }) => join(folder, name))
    .toSorted()
    .flatMap(findPolicies);
}

function toSource(loaded: LoadedPolicy): PolicySource {
  const { path, policy, manifest, inline } = loaded;
  const { modules } = policy.spec;
  if (!modules)
    throw new CliError([
      `${path}: ${policy.kind} ${policy.metadata.name} comes in a bundle: name the folder that it is built from`,
    ]);
  const isFolder = statSync(path).isDirectory();
  const folder = isFolder ? path : dirname(path);
  const stem = basename(path).replace(/\.(rego|ya?ml|json)$/, '');
  // A file's own tests are those that bear its name; a folder's are all of them.
  const belongs = (name: string) => isFolder || name.startsWith(`${stem}_`);
  const names = readdirSync(folder).filter(belongs).toSorted();
  const tests = names.filter(isTest).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  const manifestFile = manifest?.locate([]).replace(/:\d+:\d+$/, '');
  return {
    path,
    policy,
    manifest,
    modules,
    tests: Object.fromEntries(tests),
    caseFiles: [...names.filter(isCaseFile).map((name) => join(folder, name)), ...(isFolder ? casesBelow(folder) : [])],
    parameters: manifest ? Object.keys(policy.spec.parameters ?? {}) : null,
    locate: (place) =>
      inline && manifestFile !== undefined && Object.hasOwn(modules, place.file)
        ? locateInline(place, modules[place.file] ?? '', manifestFile, manifest?.locate(pathOf(place)))
        : { ...place, file: join(folder, place.file) },
  };
}

const isTest = (name: string): boolean => name.endsWith('_test.rego');

const pathOf = ({ file }: Place): readonly string[] => ['spec', 'modules', file];

function casesBelow(folder: string): readonly string[] {
  const cases = join(folder, 'cases');
  if (!existsSync(cases)) return [];
  const names = readdirSync(cases).filter((name) => /\.ya?ml$/.test(name));
  return names.toSorted().map((name) => join(cases, name));
}

/** A module in a YAML document begins in the line after its `|`, with some spaces more. */
function locateInline(place: Place, source: string, file: string, at = ''): Place {
  const start = Number(/:(\d+):\d+$/.exec(at)?.[1] ?? 1);
  const line = source.split('\n')[place.line - 1] ?? '';
  const written = readFileSync(file, 'utf8').split('\n')[start + place.line - 1] ?? '';
  if (source.includes('\n') && written.endsWith(line))
    return { file, line: start + place.line, column: written.length - line.length + place.column };
  return { file, line: start, column: 1 };
}
