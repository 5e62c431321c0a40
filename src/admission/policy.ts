import { GROUP, VERSION } from '../api/index.ts';
import type { CelValidation, CelVariable } from './cel.ts';
import { buildMetadata, type Manifest } from './manifest.ts';

export const ADMISSION_API_VERSION = 'admissionregistration.k8s.io/v1';

interface PolicyOptions {
  readonly name: string;
  /** Plural names, with `/status` for the subresource. */
  readonly resources: readonly string[];
  readonly operations: readonly ('CREATE' | 'UPDATE')[];
  readonly variables?: readonly CelVariable[];
}

/** @returns a ValidatingAdmissionPolicy and its binding. */
export function buildValidatingPolicy(
  options: PolicyOptions & { readonly validations: readonly CelValidation[] },
): readonly Manifest[] {
  const policy = {
    apiVersion: ADMISSION_API_VERSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata: buildMetadata(options.name),
    spec: { ...buildCommonSpec(options), validations: options.validations },
  };
  const binding = {
    apiVersion: ADMISSION_API_VERSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: buildMetadata(options.name),
    spec: { policyName: options.name, validationActions: ['Deny'] },
  };
  return [policy, binding];
}

/** @returns a MutatingAdmissionPolicy that applies one JSON patch, and its binding. */
export function buildMutatingPolicy(options: PolicyOptions & { readonly jsonPatch: string }): readonly Manifest[] {
  const policy = {
    apiVersion: ADMISSION_API_VERSION,
    kind: 'MutatingAdmissionPolicy',
    metadata: buildMetadata(options.name),
    spec: {
      ...buildCommonSpec(options),
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: options.jsonPatch } }],
      // A webhook that changes the spec after us makes another submission of it.
      reinvocationPolicy: 'IfNeeded',
    },
  };
  const binding = {
    apiVersion: ADMISSION_API_VERSION,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: buildMetadata(options.name),
    spec: { policyName: options.name },
  };
  return [policy, binding];
}

/** What the API server would default is written out, so that the stored object equals the built one. */
function buildCommonSpec({ resources, operations, variables }: PolicyOptions): Record<string, unknown> {
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      resourceRules: [{ apiGroups: [GROUP], apiVersions: [VERSION], operations, resources, scope: '*' }],
    },
    ...(variables ? { variables } : {}),
  };
}
