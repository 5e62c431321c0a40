import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { type FieldProblem, listProblems, renderProblem } from '../api/index.ts';
import { CliError } from './cli-error.ts';
import { readStdin } from './read-stdin.ts';

/** One YAML document of a file. */
export interface Manifest {
  readonly kind: string;
  readonly value: unknown;
  /** @returns `FILE:LINE:COLUMN` of a field, or of the nearest one above it that is there. */
  locate(path: readonly PropertyKey[]): string;
}

/**
 * Reads YAML or JSON files; a folder stands for the .yaml, .yml and .json files in it, `-` for standard input.
 *
 * @throws CliError with file, line and column of everything that is not YAML
 */
export function loadManifests(paths: readonly string[]): readonly Manifest[] {
  const manifests = paths.flatMap(expandFolder).flatMap(readManifests);
  if (manifests.length === 0) throw new CliError([`${paths.map(nameOf).join(', ')}: no YAML documents found`]);
  return manifests;
}

/** @throws CliError with the place of every field that does not fit, and what is right */
export function parseManifest<Schema extends z.ZodType>(manifest: Manifest, schema: Schema): z.infer<Schema> {
  const parsed = schema.safeParse(manifest.value);
  if (parsed.success) return parsed.data;
  throw new CliError(placeProblems(manifest, listProblems(parsed.error)));
}

/** @returns each of them with the place of its field */
export function placeProblems({ locate: locateIn }: Manifest, problems: readonly FieldProblem[]): readonly string[] {
  return problems.map((problem) => `${locateIn(problem.path)}: ${renderProblem(problem)}`);
}

function expandFolder(path: string): readonly string[] {
  if (path === '-') return [path];
  if (!statOrFail(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .toSorted()
    .map((name) => join(path, name));
}

function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}

function statOrFail(path: string) {
  try {
    return statSync(path);
  } catch (cause) {
    throw new CliError([`${path}: no such file or folder`], { cause });
  }
}

function readManifests(file: string): readonly Manifest[] {
  return parseManifests(file, file === '-' ? readStdin() : readFileSync(file, 'utf8'));
}

/**
 * @param file where the text is from, `-` for standard input
 * @throws CliError with file, line and column of everything that is not YAML
 */
export function parseManifests(file: string, text: string): readonly Manifest[] {
  const lines = new LineCounter();
  // Errors are not made pretty: the place would stand in them twice, with a piece of the source after it.
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const name = nameOf(file);
  if ('empty' in documents) return [];
  const broken = documents.flatMap(({ errors }) => errors);
  if (broken.length > 0) {
    throw new CliError(broken.map(({ pos, message }) => `${renderPlace(name, lines, pos[0])}: ${message}`));
  }
  return documents.flatMap((document) => {
    const locateIn = (path: readonly PropertyKey[]) => locate(name, lines, document, path);
    const value = toValue(document, locateIn);
    // As kubectl does: a template that rendered to nothing leaves a comment, or a `---` that nothing follows.
    if (value === null) return [];
    return expandList({ kind: kindOf(value), value, locate: locateIn });
  });
}

/** What kubectl prints of several objects is one List. */
function expandList(manifest: Manifest): readonly Manifest[] {
  const { kind, value, locate: locateIn } = manifest;
  if (kind !== 'List' || typeof value !== 'object' || value === null || !('items' in value)) return [manifest];
  if (!Array.isArray(value.items)) return [manifest];
  return value.items.map((item: unknown, index) => ({
    kind: kindOf(item),
    value: item,
    locate: (path) => locateIn(['items', index, ...path]),
  }));
}

/** An alias without its anchor, and aliases that multiply beyond bounds, are found only here. */
function toValue(document: Document.Parsed, locateIn: Manifest['locate']): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new CliError([`${locateIn([])}: ${cause instanceof Error ? cause.message : cause}`], { cause });
  }
}

function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'kind' in value ? String(value.kind) : '';
}

function locate(file: string, lines: LineCounter, document: Document.Parsed, path: readonly PropertyKey[]): string {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      return renderPlace(file, lines, node.range[0]);
    }
  }
  return file;
}

function renderPlace(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
}
