import { ARTIFACT_DIGEST_ANNOTATION, LABELS, SERVED_STAGES } from '../api/index.ts';
import { type CelVariable, celLines, celList, celString } from './cel.ts';
import type { GuardChoices } from './guard-choices.ts';

/** The variables that hold what was chosen: in these alone one guard may differ from another. */
export const CHOSEN_VARIABLES = ['versionRequired', 'checkControlled', 'versionAtPath', 'oldVersionAtPath'] as const;

const STAGE = celString(LABELS.stage);
const MODEL_NAMESPACE = celString(LABELS.modelNamespace);

/** @returns what the guard has to know of a request; each variable may read those above it. */
export function buildGuardVariables(choices: GuardChoices): readonly CelVariable[] {
  const { versionRequired, versionPath, checkControlled } = choices;
  // A list in JSON is one in CEL.
  const required = typeof versionRequired === 'string' ? versionRequired : JSON.stringify(versionRequired);
  const path =
    typeof versionPath === 'string' ? versionPath : versionPath.map((field) => `[?${celString(field)}]`).join('');
  return [
    { name: 'versionRequired', expression: required },
    { name: 'checkControlled', expression: String(checkControlled) },
    { name: 'versionAtPath', expression: `dyn(object)${path}` },
    { name: 'oldVersionAtPath', expression: `oldObject == null ? optional.none() : dyn(oldObject)${path}` },
    { name: 'stage', expression: `namespaceObject.metadata.?labels[?${STAGE}].orValue('')` },
    {
      name: 'modelNamespace',
      expression: `namespaceObject.metadata.?labels[?${MODEL_NAMESPACE}].orValue(request.namespace)`,
    },
    ...buildClaimVariables(),
    { name: 'sameContent', expression: SAME_CONTENT },
    { name: 'controlled', expression: CONTROLLED },
    {
      // What runs may be scaled, labelled and watched over, whatever became of its version.
      name: 'checked',
      expression: celLines(
        '(oldObject == null || !variables.sameContent ||',
        '  variables.version != variables.oldVersion || variables.digest != variables.oldDigest) &&',
        "(variables.version != '' || request.kind.kind in variables.versionRequired) &&",
        '(variables.checkControlled || !variables.controlled)',
      ),
    },
    { name: 'approved', expression: celApproval('variables.stage') },
    {
      name: 'otherStages',
      expression: `${celList(SERVED_STAGES)}.filter(stage, ${celApproval('stage')}.hasValue())`,
    },
    {
      name: 'workload',
      expression:
        "request.kind.kind + ' ' + object.metadata.?name.orValue(object.metadata.?generateName.orValue('without a name'))",
    },
  ];
}

/** In CEL, an optional: the digest under which the version that the workload names is approved for a stage. */
function celApproval(stage: string): string {
  return `params.?status.?versions[?${stage}][?variables.version]`;
}

/** What the workload says that it serves, and what it said before. */
function buildClaimVariables(): readonly CelVariable[] {
  const old = (expression: string, otherwise: string) => `oldObject == null ? ${otherwise} : ${expression}`;
  return [
    { name: 'template', expression: celTemplate('object') },
    { name: 'oldTemplate', expression: old(celTemplate('oldObject'), '{}') },
    { name: 'version', expression: celVersion('object', 'variables.template', 'variables.versionAtPath') },
    {
      name: 'oldVersion',
      expression: old(celVersion('oldObject', 'variables.oldTemplate', 'variables.oldVersionAtPath'), "''"),
    },
    { name: 'digest', expression: celDigest('object', 'variables.template') },
    { name: 'oldDigest', expression: old(celDigest('oldObject', 'variables.oldTemplate'), "''") },
  ];
}

/** In CEL: the pod template, and an empty map where there is none. An optional in a variable has no optional fields. */
function celTemplate(object: string): string {
  return `${object}.?spec.?jobTemplate.?spec.?template.or(${object}.?spec.?template).orValue({})`;
}

/** The pod template's own label comes first: it is what the pods carry, and what a rollback brings back. */
function celVersion(object: string, template: string, atPath: string): string {
  const label = `?labels[?${celString(LABELS.modelVersion)}]`;
  return `${template}.?metadata.${label}.or(${object}.metadata.${label}).or(${atPath}).orValue('')`;
}

function celDigest(object: string, template: string): string {
  const annotation = `?annotations[?${celString(ARTIFACT_DIGEST_ANNOTATION)}]`;
  return `${template}.?metadata.${annotation}.or(${object}.metadata.${annotation}).orValue('')`;
}

/** How big something is, and how much traffic it gets: moving these serves nothing that was not served before. */
const SCALING = celList([
  'replicas',
  'minReplicas',
  'maxReplicas',
  'scaleTarget',
  'scaleMetric',
  'scaleMetricType',
  'autoScaling',
  'canaryTrafficPercent',
]);

const IMAGES = ['containers', 'initContainers'].map((list) => {
  const images = (pod: string) => `${pod}.spec.?${list}.orValue([]).map(container, container.?image.orValue(''))`;
  return `${images('object')} == ${images('oldObject')}`;
});

/**
 * In CEL, for an update: whether it serves what it did. Of a pod that is its images, as all else that can change of it
 * is where and how long it runs; of Kubernetes' own workloads the pod template; of others all of the spec, field by field
 * and within each component, but for the scaling.
 */
const SAME_CONTENT = celLines(
  "request.kind.group == '' && request.kind.kind == 'Pod'",
  `  ? ${IMAGES.join(' && ')}`,
  "  : request.kind.group in ['', 'apps', 'batch']",
  '    ? variables.template == variables.oldTemplate',
  '    : [[object, oldObject], [oldObject, object]].all(pair,',
  `        pair[0].?spec.orValue({}).all(part, part in ${SCALING} || (type(pair[0].spec[part]) == map`,
  `          ? pair[0].spec[part].all(field, field in ${SCALING} ||`,
  '              pair[1].?spec[?part][?field].hasValue() && pair[0].spec[part][field] == pair[1].spec[part][field])',
  '          : pair[1].?spec[?part].hasValue() && pair[0].spec[part] == pair[1].spec[part])))',
);

/**
 * In CEL: whether a controller made it for its owner. Anybody may write an owner into an object; only a controller may
 * update its owner's finalizers, which is also what the API server's OwnerReferencesPermissionEnforcement asks.
 */
const CONTROLLED = celLines(
  'object.metadata.?ownerReferences.orValue([]).exists(owner, owner.?controller.orValue(false) &&',
  "  authorizer.group(owner.apiVersion.contains('/') ? owner.apiVersion.split('/')[0] : '')",
  "    .resource(owner.kind.lowerAscii() + 's').subresource('finalizers')",
  "    .namespace(request.namespace).name(owner.name).check('update').allowed())",
);
