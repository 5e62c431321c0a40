import { stringify } from 'yaml';
import {
  buildAdmissionManifests,
  buildApprovalTasksManifests,
  buildGatewayManifests,
  buildGuardManifests,
  buildOperatorManifests,
  buildRbacManifests,
  type Manifest,
} from '../admission/index.ts';
import { buildCrds, GROUP } from '../api/index.ts';
import { buildArgoCdFiles } from './argocd.ts';
import { buildLibraryFiles } from './library.ts';

const NAMESPACE = '{{ .Release.Namespace }}';
const IMAGE = '{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}';

/** @returns every generated file's path in the repository and its content. Sources: src/, policies/lib, examples/gitops. */
export function buildGeneratedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>([...buildLibraryFiles(), ...buildArgoCdFiles()]);
  for (const crd of buildCrds()) {
    const file = `${nameOf(crd).replace(`.${GROUP}`, '')}.yaml`;
    files.set(`crds/${file}`, renderYaml(crd));
    files.set(`charts/assent/crds/${file}`, renderYaml(crd));
  }
  const operator = buildOperatorManifests({
    namespace: NAMESPACE,
    image: IMAGE,
    replicas: '{{ int .Values.replicas }}',
    resources: '{{ toJson .Values.resources }}',
    extraArgs: ['{{ range .Values.operator.extraArgs }}'],
    extraVolumes: ['{{ range .Values.operator.extraVolumes }}'],
    extraVolumeMounts: ['{{ range .Values.operator.extraVolumeMounts }}'],
  });
  const admission = buildAdmissionManifests({ namespace: NAMESPACE });
  const guard = buildGuardManifests({
    namespace: NAMESPACE,
    resources: '{{ toJson .Values.guard.resources }}',
    // The text of a CEL expression: the list in JSON, as a JSON string.
    versionRequired: '{{ toJson (toJson .Values.guard.versionRequired) }}',
    versionPath: '{{ range .Values.guard.versionPath }}[?{{ squote . }}]{{ end }}',
    checkControlled: '{{ .Values.guard.checkControlled }}',
  });
  const gateway = buildGatewayManifests({
    namespace: NAMESPACE,
    modelNamespace: '{{ .Values.gateway.namespace | default .Release.Namespace }}',
    image: IMAGE,
    replicas: '{{ int .Values.gateway.replicas }}',
    registry:
      '{{ required "gateway.registry is the address of MLflow: https://HOST[:PORT]" .Values.gateway.registry }}',
    timeout: '{{ .Values.gateway.timeout }}',
    resources: '{{ toJson .Values.gateway.resources }}',
    extraArgs: ['{{ range .Values.gateway.extraArgs }}'],
    extraVolumes: ['{{ range .Values.gateway.extraVolumes }}'],
    extraVolumeMounts: ['{{ range .Values.gateway.extraVolumeMounts }}'],
  });
  files.set('charts/assent/templates/admission.yaml', renderTemplate(admission));
  files.set('charts/assent/templates/guard.yaml', renderOptionalTemplate('.Values.guard.enabled', guard));
  const approvalTasks = buildApprovalTasksManifests({ namespace: NAMESPACE });
  files.set('charts/assent/templates/tekton.yaml', renderOptionalTemplate('.Values.tekton.enabled', approvalTasks));
  files.set('charts/assent/templates/gateway.yaml', renderOptionalTemplate('.Values.gateway.enabled', gateway));
  files.set('charts/assent/templates/rbac.yaml', renderTemplate(buildRbacManifests({ namespace: NAMESPACE })));
  files.set('charts/assent/templates/operator.yaml', renderTemplate(operator));
  return files;
}

/** @returns a Helm template. Kubernetes before 1.36 does not serve mutating policies, so there they are left out. */
function renderTemplate(manifests: readonly Manifest[]): string {
  const documents = manifests.map((manifest) => {
    const { apiVersion, kind } = manifest;
    const document = `---\n${renderChartYaml(manifest)}`;
    if (!kind.startsWith('MutatingAdmissionPolicy')) return document;
    // Without a cluster, as in `helm template`, Helm knows of no kind at all: there the version tells.
    const knowsKinds = renderHas(`${apiVersion}/ValidatingAdmissionPolicy`);
    const serves = 'semverCompare ">=1.36-0" .Capabilities.KubeVersion.Version';
    return `{{- if ternary ${renderHas(`${apiVersion}/${kind}`)} (${serves}) ${knowsKinds} }}\n${document}{{- end }}\n`;
  });
  return `# Generated from src/admission by \`npm run generate\`.\n${documents.join('')}`;
}

/** @returns a Helm template of what is installed only where the value says so. */
function renderOptionalTemplate(value: string, manifests: readonly Manifest[]): string {
  const [comment, ...lines] = renderTemplate(manifests).split('\n');
  return [comment, `{{- if ${value} }}`, ...lines.slice(0, -1), '{{- end }}', ''].join('\n');
}

function renderHas(kind: string): string {
  return `(.Capabilities.APIVersions.Has "${kind}")`;
}

/**
 * A value that is one Helm expression stands without quotes, so that it may give a number or an object. An element that
 * is a range stands for all elements of the list that it names.
 */
function renderChartYaml(manifest: Manifest): string {
  const text = stringify(manifest, { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: 'literal' });
  return text
    .replaceAll(/"(\{\{ (?:int|toJson) [^"]*\}\})"/g, '$1')
    .replaceAll(/^( *)- "\{\{ (range [^"]*) \}\}"$/gm, '$1{{- $2 }}\n$1- {{ toJson . }}\n$1{{- end }}');
}

function nameOf(manifest: Record<string, unknown>): string {
  const { metadata } = manifest;
  if (typeof metadata !== 'object' || metadata === null || !('name' in metadata))
    throw new TypeError('a manifest without a name');
  return String(metadata.name);
}

function renderYaml(manifest: unknown): string {
  return stringify(manifest, { aliasDuplicateObjects: false, lineWidth: 120 });
}
