import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { type AnyApprovalPolicy, API_VERSION, ApprovalPolicy, ClusterApprovalPolicy } from '../../api/index.ts';
import { policyKey } from '../../operator/index.ts';
import { CliError } from '../cli-error.ts';
import { loadManifests, type Manifest, parseManifest } from '../load-manifests.ts';

const WithModules = z.looseObject({ spec: z.looseObject({ modules: z.record(z.string(), z.string()) }) });

/**
 * Reads policies, as the API server would hold them, from YAML files, from .rego files, or from folders that hold Rego
 * modules and, beside them, a `policy.yaml` with the rest of the policy. Test modules (`*_test.rego`) are left out.
 *
 * @throws CliError
 */
export function loadPolicies(paths: readonly string[]): readonly AnyApprovalPolicy[] {
  const loaded = paths.flatMap((path) => fromPath(path).map((policy) => ({ path, policy })));
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
  return loaded.map(({ policy }) => policy);
}

function fromPath(path: string): readonly AnyApprovalPolicy[] {
  if (!existsSync(path)) throw new CliError([`${path}: no such policy file or folder`]);
  if (statSync(path).isDirectory()) return fromFolder(path);
  if (path.endsWith('.rego'))
    return [fromModules(basename(path, '.rego'), { [basename(path)]: readFileSync(path, 'utf8') })];
  return loadManifests([path]).map((manifest) => fromManifest(manifest, {}));
}

function fromFolder(folder: string): readonly AnyApprovalPolicy[] {
  const modules = readModules(folder);
  const manifests = readdirSync(folder).some((name) => /\.ya?ml$/.test(name)) ? loadManifests([folder]) : [];
  if (Object.keys(modules).length === 0 && manifests.length === 0) {
    throw new CliError([`${folder}: holds neither Rego modules nor policies in YAML`]);
  }
  if (manifests.length === 0) return [fromModules(basename(resolve(folder)), modules)];
  return manifests.map((manifest) => {
    refuseOtherModules(manifest, modules);
    return fromManifest(manifest, modules);
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

function readModules(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function fromModules(name: string, modules: Readonly<Record<string, string>>): AnyApprovalPolicy {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterApprovalPolicy',
    metadata: { name, generation: 1 },
    spec: { modules },
  };
}

/** A `policy.yaml` without modules takes those of its folder. */
function fromManifest(manifest: Manifest, modules: Readonly<Record<string, string>>): AnyApprovalPolicy {
  const { kind, locate } = manifest;
  if (kind !== 'ApprovalPolicy' && kind !== 'ClusterApprovalPolicy') {
    throw new CliError([
      `${locate(['kind'])}: kind is ${kind || 'missing'}; a policy is an ApprovalPolicy or a ClusterApprovalPolicy`,
    ]);
  }
  const value = Object.keys(modules).length > 0 ? withModules(manifest.value, modules) : manifest.value;
  const policy = parseManifest(
    { ...manifest, value },
    kind === 'ApprovalPolicy' ? ApprovalPolicy : ClusterApprovalPolicy,
  );
  // As `kubectl apply` would have it.
  const namespace = kind === 'ApprovalPolicy' ? { namespace: 'default' } : {};
  return { ...policy, metadata: { generation: 1, ...namespace, ...policy.metadata } };
}

function withModules(value: unknown, modules: Readonly<Record<string, string>>): unknown {
  if (typeof value !== 'object' || value === null || !('spec' in value)) return value;
  const { spec } = value;
  if (typeof spec !== 'object' || spec === null || 'modules' in spec) return value;
  return { ...value, spec: { ...spec, modules } };
}
