import { posix } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { isNestedWithin } from '../api/index.ts';
import { BundleError } from './bundle-error.ts';
import type { BundleFiles } from './read-archive.ts';

export const MANIFEST_FILE = '.manifest';
export const SIGNATURES_FILE = '.signatures.json';
export const WASM_FILE = 'policy.wasm';
/** The package of every policy, and so what a bundle must be allowed to hold. */
const ENTRYPOINT = 'approval';
const DATA_DEPTH = 256;
const DATA_FILES = ['data.json', 'data.yaml', 'data.yml'];
/** What OPA knows and a policy of ours has no use for. */
const UNSUPPORTED_FILES: Readonly<Record<string, string>> = {
  'patch.json': 'a delta bundle: build a whole one',
  '.manifest.pb': 'a manifest in protocol buffers: build the bundle with a JSON manifest',
  'plan.json': 'a plan: build with the target rego or wasm',
  'plan.pb': 'a plan: build with the target rego or wasm',
};

/** https://www.openpolicyagent.org/docs/management-bundles#bundle-file-format */
const BundleManifest = z.object({
  revision: z.string().max(1024).default(''),
  roots: z.array(z.string()).max(64).default(['']),
  wasm: z.array(z.object({ entrypoint: z.string(), module: z.string() })).default([]),
  rego_version: z.number().int().optional(),
  file_rego_versions: z.record(z.string(), z.number().int()).default({}),
});

/** One policy as a bundle holds it. */
export interface Bundle {
  readonly revision: string;
  /** Rego by path; test modules are left out. */
  readonly modules: Readonly<Record<string, string>>;
  /** What the bundle's data files say together. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The compiled policy, whose entrypoint is `approval`: it needs no compiler. */
  readonly wasm: Uint8Array | null;
}

/**
 * Reads OPA's bundle layout: `.manifest` at the top, Rego, data files whose folder says where their content belongs, and
 * at most one `policy.wasm`. Other files are passed over, as OPA does.
 *
 * @throws BundleError `malformed` or `unsupported`
 */
export function readBundle(files: BundleFiles): Bundle {
  const manifest = readManifest(files);
  const modules: Record<string, string> = {};
  let wasm: Uint8Array | null = null;
  for (const [path, content] of files) {
    const base = posix.basename(path);
    const advice = Object.hasOwn(UNSUPPORTED_FILES, base) ? UNSUPPORTED_FILES[base] : undefined;
    if (advice) throw new BundleError('unsupported', `${path} is ${advice}`);
    if (base === MANIFEST_FILE && path !== MANIFEST_FILE)
      throw malformed(path, 'a bundle has one manifest, at its top');
    if (path.endsWith('.rego') && !path.endsWith('_test.rego')) modules[path] = readText(path, content);
    else if (base === WASM_FILE) {
      if (wasm)
        throw new BundleError('unsupported', `${path}: a policy has one policy.wasm, of entrypoint ${ENTRYPOINT}`);
      wasm = content;
    }
  }
  const data = readDataFiles(files);
  checkRoots(manifest.roots, data);
  if (wasm) checkResolvers(manifest);
  else if (Object.keys(modules).length === 0)
    throw new BundleError('malformed', 'the bundle holds neither Rego nor policy.wasm');
  return { revision: manifest.revision, modules, data, wasm };
}

function readManifest(files: BundleFiles): z.infer<typeof BundleManifest> {
  const content = files.get(MANIFEST_FILE);
  const parsed = BundleManifest.safeParse(content ? parseJson(MANIFEST_FILE, content) : {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw malformed(MANIFEST_FILE, `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { rego_version: version = 1, file_rego_versions: versions } = parsed.data;
  if ([version, ...Object.values(versions)].some((other) => other !== 1))
    throw new BundleError(
      'unsupported',
      `${MANIFEST_FILE}: rego_version must be 1: opa fmt --v0-v1 rewrites older Rego`,
    );
  return parsed.data;
}

/** @returns the data with what one file says at the place that its folder names. */
function insertData(
  data: Readonly<Record<string, unknown>>,
  path: string,
  value: unknown,
): Readonly<Record<string, unknown>> {
  const folders = path.split('/').slice(0, -1);
  const placed = folders.reduceRight<unknown>((inner, folder) => ({ [folder]: inner }), value);
  if (!isObject(placed)) throw malformed(path, 'data at the top of a bundle is an object');
  return mergeData(data, placed, (at) => {
    throw malformed(path, `another data file says already what data.${at} is`);
  });
}

/**
 * Merges objects into each other, as deep as both have one.
 *
 * @param onConflict decides where both say something else of the same place; `at` is its path
 */
export function mergeData(
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
  onConflict: (at: string, one: unknown, other: unknown) => unknown,
  above = '',
): Readonly<Record<string, unknown>> {
  const entries = new Map(Object.entries(one));
  for (const [key, value] of Object.entries(other)) {
    const at = `${above}${key}`;
    const before = entries.get(key);
    if (!entries.has(key)) entries.set(key, value);
    else if (isObject(before) && isObject(value)) entries.set(key, mergeData(before, value, onConflict, `${at}.`));
    else entries.set(key, onConflict(at, before, value));
  }
  return Object.fromEntries(entries);
}

/**
 * @param files others than data files are passed over
 * @returns what data files say together, each at the place that its folder names
 * @throws BundleError `malformed`
 */
export function readDataFiles(files: BundleFiles): Readonly<Record<string, unknown>> {
  let data: Readonly<Record<string, unknown>> = {};
  for (const [path, content] of files)
    if (DATA_FILES.includes(posix.basename(path))) data = insertData(data, path, parseData(path, content));
  return data;
}

/** A bundle may hold only what lies below its roots; OPA keeps two bundles apart by that. */
function checkRoots(roots: readonly string[], data: Readonly<Record<string, unknown>>): void {
  const wanted = roots.map((root) => root.split('/').filter(Boolean));
  const permits = (path: readonly string[]) => wanted.some((root) => root.every((part, at) => part === path[at]));
  if (!permits([ENTRYPOINT]))
    throw malformed(MANIFEST_FILE, `roots do not permit ${ENTRYPOINT}, the package of every policy`);
  const check = (value: unknown, path: readonly string[]): void => {
    if (permits(path)) return;
    const leads = wanted.some((root) => path.every((part, at) => part === root[at]));
    if (!leads || !isObject(value)) throw malformed(MANIFEST_FILE, `roots do not permit data at ${path.join('/')}`);
    for (const [key, inner] of Object.entries(value)) check(inner, [...path, key]);
  };
  check(data, []);
}

function checkResolvers({ wasm }: z.infer<typeof BundleManifest>): void {
  const [resolver] = wasm;
  if (wasm.length !== 1 || resolver?.entrypoint !== ENTRYPOINT) {
    const found = wasm.map(({ entrypoint }) => entrypoint).join(', ') || 'none';
    throw new BundleError(
      'unsupported',
      `policy.wasm has the entrypoints ${found} and needs ${ENTRYPOINT} alone: opa build -t wasm -e ${ENTRYPOINT}`,
    );
  }
}

function parseData(path: string, content: Buffer): unknown {
  const value = path.endsWith('.json') ? parseJson(path, content) : parseYamlData(path, content);
  // Whoever walks deeper data runs out of stack.
  if (!isNestedWithin(value, DATA_DEPTH)) throw malformed(path, `is nested more than ${DATA_DEPTH} levels deep`);
  return value;
}

function parseYamlData(path: string, content: Buffer): unknown {
  try {
    // As JSON would have it: YAML 1.1 knows dates and sets, a policy does not.
    return JSON.parse(JSON.stringify(parseYaml(readText(path, content), { version: '1.1' })));
  } catch (cause) {
    throw malformed(path, 'is no YAML', cause);
  }
}

function parseJson(path: string, content: Buffer): unknown {
  try {
    return JSON.parse(readText(path, content));
  } catch (cause) {
    throw malformed(path, 'is no JSON', cause);
  }
}

function readText(path: string, content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw malformed(path, 'is no UTF-8', cause);
  }
}

function malformed(path: string, what: string, cause?: unknown): BundleError {
  return new BundleError('malformed', `${path}: ${what}`, { cause });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
