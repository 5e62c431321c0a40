import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { API_VERSION, ApprovalPolicy, ClusterApprovalPolicy } from '../../api/index.ts';
import type { PolicyKind } from '../../operator/index.ts';
import { CliError } from '../cli-error.ts';
import { loadManifests, type Manifest } from '../load-manifests.ts';

/** A policy as the API server would hold it. */
export interface LoadedPolicy {
  readonly kind: PolicyKind;
  readonly object: unknown;
}

/**
 * Reads policies from YAML files, from .rego files, or from folders that hold Rego modules and, beside them, a
 * `policy.yaml` with the rest of the policy. Test modules (`*_test.rego`) are left out.
 */
export function loadPolicies(paths: readonly string[]): readonly LoadedPolicy[] {
  return paths.flatMap((path) => {
    if (!existsSync(path)) throw new CliError([`${path}: no such policy file or folder`]);
    if (path.endsWith('.rego'))
      return [fromModules(basename(path, '.rego'), { [basename(path)]: readFileSync(path, 'utf8') })];
    if (!statSync(path).isDirectory()) return loadManifests([path]).map((manifest) => fromManifest(manifest, {}));
    return fromFolder(path);
  });
}

function fromFolder(folder: string): readonly LoadedPolicy[] {
  const modules = readModules(folder);
  const manifests = readdirSync(folder).some((name) => /\.ya?ml$/.test(name)) ? loadManifests([folder]) : [];
  if (Object.keys(modules).length === 0 && manifests.length === 0) {
    throw new CliError([`${folder}: holds neither Rego modules nor policies in YAML`]);
  }
  if (manifests.length === 0) return [fromModules(basename(folder), modules)];
  return manifests.map((manifest) => fromManifest(manifest, modules));
}

function readModules(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function fromModules(name: string, modules: Readonly<Record<string, string>>): LoadedPolicy {
  const kind = 'ClusterApprovalPolicy';
  return { kind, object: { apiVersion: API_VERSION, kind, metadata: { name, generation: 1 }, spec: { modules } } };
}

/** A `policy.yaml` without modules takes those of its folder. */
function fromManifest({ kind, value, locate }: Manifest, modules: Readonly<Record<string, string>>): LoadedPolicy {
  if (kind !== 'ApprovalPolicy' && kind !== 'ClusterApprovalPolicy') {
    throw new CliError([
      `${locate(['kind'])}: kind is ${kind || 'missing'}; a policy is an ApprovalPolicy or a ClusterApprovalPolicy`,
    ]);
  }
  const object = Object.keys(modules).length > 0 ? withModules(value, modules) : value;
  const parsed = (kind === 'ApprovalPolicy' ? ApprovalPolicy : ClusterApprovalPolicy).safeParse(object);
  if (!parsed.success) {
    throw new CliError(
      parsed.error.issues.map(({ path, message }) => `${locate(path)}: ${path.join('.')}: ${message}`),
    );
  }
  const { metadata } = parsed.data;
  return { kind, object: { ...parsed.data, metadata: { generation: 1, ...metadata } } };
}

function withModules(value: unknown, modules: Readonly<Record<string, string>>): unknown {
  if (typeof value !== 'object' || value === null || !('spec' in value)) return value;
  const { spec } = value;
  if (typeof spec !== 'object' || spec === null || 'modules' in spec) return value;
  return { ...value, spec: { ...spec, modules } };
}
