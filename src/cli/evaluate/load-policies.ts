import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import {
  type AnyApprovalPolicy,
  API_VERSION,
  ApprovalPolicy,
  ClusterApprovalPolicy,
  findParameterProblems,
  SubmittedMetadata,
} from '../../api/index.ts';
import { BundleError, mergeData, readDataFiles } from '../../distribution/index.ts';
import { policyKey } from '../../operator/index.ts';
import { CliError } from '../cli-error.ts';
import { loadManifests, type Manifest, parseManifest, placeProblems } from '../load-manifests.ts';
import { isBundlePlace } from '../policy/bundle/bundle-place.ts';

const Fields = z.record(z.string(), z.unknown());
type Fields = Readonly<z.infer<typeof Fields>>;
const Said = z.looseObject({ data: Fields.default({}), parameters: Fields.default({}) });
const WithModules = z.looseObject({ spec: z.looseObject({ modules: z.record(z.string(), z.string()) }) });
/** A policy, and where it is from. */
export interface LoadedPolicy {
  /** The file or folder that was named. */
  readonly path: string;
  readonly policy: AnyApprovalPolicy;
  /** The YAML document that holds the policy; null where there are Rego modules only. */
  readonly manifest: Manifest | null;
  /** Whether the YAML document holds the modules too; else they are files. */
  readonly inline: boolean;
}

/**
 * Reads policies, as the API server would hold them, from YAML files, from .rego files, or from folders that hold Rego
 * modules and, beside them, a `policy.yaml` with the rest of the policy and `data.json` or `data.yaml`. Test modules (`*_test.rego`) are left out.
 *
 * @throws CliError
 */
export function loadPolicies(paths: readonly string[]): readonly AnyApprovalPolicy[] {
  return loadPolicySources(paths).map(({ policy }) => policy);
}

/** As `loadPolicies`, with where each is from. */
export function loadPolicySources(paths: readonly string[]): readonly LoadedPolicy[] {
  const loaded = paths.flatMap(fromPath);
  const pathByKey = new Map<string, string>();
  for (const { path, policy } of loaded) {
    const key = policyKey(policy.kind, policy.metadata);
    const before = pathByKey.get(key);
    // The second would take the first one's place: what the first denies would be let through.
    if (before !== undefined)
      throw new CliError([
        `${path}: ${before} holds a ${policy.kind} named ${policy.metadata.name} too; give each policy its own name`,
      ]);
    pathByKey.set(key, path);
  }
  return loaded;
}

/** Whether a file is data of the modules beside it, as OPA has it: no policy. */
export function isDataFile(name: string): boolean {
  return /^data\.(json|ya?ml)$/.test(name);
}

/** Whether a file holds cases for `assent policy test`, and no policy. */
export function isCaseFile(name: string): boolean {
  return /_cases\.ya?ml$/.test(name);
}

/** @throws CliError where a bundle is named to a command that works on a policy's sources */
export function refuseBundle(path: string): void {
  if (!isBundlePlace(path)) return;
  throw new CliError([
    `${path}: is a bundle, which only assent evaluate, replay, policy eval and policy bench take: name the folder that it is built from`,
  ]);
}

function fromPath(path: string): readonly LoadedPolicy[] {
  refuseBundle(path);
  if (!existsSync(path)) throw new CliError([`${path}: no such policy file or folder`]);
  if (statSync(path).isDirectory()) return fromFolder(path);
  if (path.endsWith('.rego'))
    return [fromModules(path, basename(path, '.rego'), { modules: { [basename(path)]: readFileSync(path, 'utf8') } })];
  return loadManifests([path]).map((manifest) => fromManifest(path, manifest, { modules: {} }));
}

function fromFolder(folder: string): readonly LoadedPolicy[] {
  const rules: FolderRules = { modules: readModules(folder), data: readFolderData(folder) };
  const { modules } = rules;
  const files = readdirSync(folder).filter(
    (name) => /\.(ya?ml|json)$/.test(name) && !isCaseFile(name) && !isDataFile(name),
  );
  const manifests = files.some((name) => /\.ya?ml$/.test(name))
    ? loadManifests(files.toSorted().map((name) => join(folder, name)))
    : [];
  if (Object.keys(modules).length === 0 && manifests.length === 0) {
    throw new CliError([`${folder}: holds neither Rego modules nor policies in YAML`]);
  }
  if (manifests.length === 0) return [fromModules(folder, basename(resolve(folder)), rules)];
  return manifests.map((manifest) => {
    refuseOtherModules(manifest, modules);
    return fromManifest(folder, manifest, rules);
  });
}

/** Whoever edits a module beside a `policy.yaml` that holds it too would see the old one decide. */
function refuseOtherModules({ value, locate }: Manifest, modules: Readonly<Record<string, string>>): void {
  const parsed = WithModules.safeParse(value);
  if (!parsed.success) return;
  for (const [name, source] of Object.entries(parsed.data.spec.modules)) {
    if (modules[name] === undefined || modules[name] === source) continue;
    throw new CliError([
      `${locate(['spec', 'modules', name])}: spec.modules.${name} differs from ${name} beside it; make them equal, or leave spec.modules out`,
    ]);
  }
}

/** The modules of a folder, and the data beside them; undefined where there is none. */
interface FolderRules {
  readonly modules: Readonly<Record<string, string>>;
  readonly data?: Fields | undefined;
}

/** @throws CliError where it is none, or is a policy: taken for data, what it denies would be let through */
function readFolderData(folder: string): Fields | undefined {
  const names = readdirSync(folder).filter(isDataFile).toSorted();
  if (names.length === 0) return undefined;
  try {
    const data = readDataFiles(new Map(names.map((name) => [name, readFileSync(join(folder, name))])));
    const problem =
      data.apiVersion !== undefined && data.kind !== undefined
        ? `holds a ${data.kind}, and is read as data of the modules beside it: give the file another name`
        : Said.safeParse(data).error && 'parameters are names and values: write a map';
    if (!problem) return data;
    throw new CliError([`${names.map((name) => join(folder, name)).join(', ')}: ${problem}`]);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new CliError([`${join(folder, error.message)}`], { cause: error });
  }
}

/** What the policy itself says comes on top of what is beside it, as it does of a bundle's data. */
function withFolderData(spec: object, brought: Fields): { readonly data?: Fields; readonly parameters?: Fields } {
  const said = Said.safeParse(spec);
  // The policy's own schema tells what is wrong with them.
  if (!said.success) return {};
  const { data: own, parameters: given } = said.data;
  const { parameters, ...data } = mergeData(brought, { ...own, parameters: given }, (_at, _brought, other) => other);
  return { data, parameters: Fields.parse(parameters) };
}

function readModules(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function fromModules(path: string, name: string, { modules, data }: FolderRules): LoadedPolicy {
  const policy: AnyApprovalPolicy = {
    apiVersion: API_VERSION,
    kind: 'ClusterApprovalPolicy',
    metadata: { name, generation: 1 },
    spec: { modules, ...(data ? withFolderData({}, data) : {}) },
  };
  return { path, policy, manifest: null, inline: false };
}

const SUBMITTED = {
  ApprovalPolicy: ApprovalPolicy.extend({ metadata: SubmittedMetadata }),
  ClusterApprovalPolicy: ClusterApprovalPolicy.extend({ metadata: SubmittedMetadata }),
} as const;

/** A `policy.yaml` without modules takes those of its folder. */
function fromManifest(path: string, manifest: Manifest, rules: FolderRules): LoadedPolicy {
  const { kind, locate } = manifest;
  if (kind !== 'ApprovalPolicy' && kind !== 'ClusterApprovalPolicy') {
    throw new CliError([
      `${locate(['kind'])}: kind is ${kind || 'missing'}; a policy is an ApprovalPolicy or a ClusterApprovalPolicy`,
    ]);
  }
  const value = Object.keys(rules.modules).length > 0 ? withRules(manifest.value, rules) : manifest.value;
  const parsed = parseManifest({ ...manifest, value }, SUBMITTED[kind]);
  const misfits = findParameterProblems(parsed.spec).map(({ path: at, message }) => ({
    path: ['spec', ...at],
    message,
  }));
  if (misfits.length > 0) throw new CliError(placeProblems(manifest, misfits));
  // As `kubectl apply` would have it.
  const namespace = kind === 'ApprovalPolicy' ? { namespace: 'default' } : {};
  const policy = { ...parsed, metadata: { generation: 1, ...namespace, ...parsed.metadata } };
  return { path, policy, manifest, inline: value === manifest.value };
}

function withRules(value: unknown, { modules, data }: FolderRules): unknown {
  if (typeof value !== 'object' || value === null || !('spec' in value)) return value;
  const { spec } = value;
  if (typeof spec !== 'object' || spec === null || 'modules' in spec) return value;
  return { ...value, spec: { ...spec, modules, ...(data ? withFolderData(spec, data) : {}) } };
}
