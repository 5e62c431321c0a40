import { z } from 'zod';
import { ApprovalPolicySpec, ApprovalPolicyStatus, ClusterApprovalPolicySpec } from './approval-policy.ts';
import { ModelRegistrySpec, ModelRegistryStatus } from './model-registry.ts';
import { ModelVersionSpec, ModelVersionStatus } from './model-version.ts';
import { GROUP, VERSION } from './names.ts';
import { NotificationSpec, NotificationStatus } from './notification.ts';
import { StageApprovalsStatus } from './stage-approvals.ts';

type JsonObject = Record<string, unknown>;

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  /** Undefined: nobody asks for anything, it only tells. */
  readonly spec?: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly JsonObject[];
}

/**
 * The status of an object that the operator has not seen yet. kstatus takes an object without a status for one that is
 * done, so a tool that applies it and looks at once would go on before anything is decided.
 */
const UNOBSERVED = { observedGeneration: -1 };

const column = (name: string, jsonPath: string, extra: JsonObject = {}): JsonObject => ({
  name,
  type: 'string',
  jsonPath,
  ...extra,
});
const wide = { priority: 1 };
const age = column('Age', '.metadata.creationTimestamp', { type: 'date' });

const policyColumns = [
  column('Ready', '.status.conditions[?(@.type=="Ready")].status'),
  column('Mode', '.spec.mode'),
  age,
  column('Reason', '.status.conditions[?(@.type=="Ready")].message', wide),
  column('Digest', '.status.digest', wide),
  column('Revision', '.status.bundle.revision', wide),
];

const policyKind = { status: ApprovalPolicyStatus, columns: policyColumns };

const KINDS: readonly Kind[] = [
  {
    kind: 'ModelVersion',
    plural: 'modelversions',
    shortNames: ['mv'],
    scope: 'Namespaced',
    spec: ModelVersionSpec,
    status: ModelVersionStatus,
    columns: [
      column('Model', '.spec.model'),
      column('Version', '.spec.version'),
      column('Stage', '.status.stage'),
      column('Requested', '.spec.stage'),
      column('Decision', '.status.conditions[?(@.type=="Approved")].reason'),
      age,
      column('Reason', '.status.conditions[?(@.type=="Approved")].message', wide),
      column('Policies', '.status.decision.policyNames', wide),
    ],
  },
  {
    kind: 'ApprovalPolicy',
    plural: 'approvalpolicies',
    shortNames: ['ap'],
    scope: 'Namespaced',
    spec: ApprovalPolicySpec,
    ...policyKind,
  },
  {
    kind: 'ClusterApprovalPolicy',
    plural: 'clusterapprovalpolicies',
    shortNames: ['cap'],
    scope: 'Cluster',
    spec: ClusterApprovalPolicySpec,
    ...policyKind,
  },
  {
    kind: 'ModelRegistry',
    plural: 'modelregistries',
    shortNames: ['mr'],
    scope: 'Namespaced',
    spec: ModelRegistrySpec,
    status: ModelRegistryStatus,
    columns: [
      column('Ready', '.status.conditions[?(@.type=="Ready")].status'),
      column('Versions', '.status.versions', { type: 'integer' }),
      column('Imported', '.status.imported', { type: 'integer' }),
      column('Pending', '.status.pendingExports', { type: 'integer' }),
      column('Last-Sync', '.status.lastSyncTime', { type: 'date' }),
      age,
      column('URL', '.spec.mlflow.url', wide),
      column('Reason', '.status.conditions[?(@.type=="Ready")].message', wide),
    ],
  },
  {
    kind: 'Notification',
    plural: 'notifications',
    shortNames: [],
    scope: 'Namespaced',
    spec: NotificationSpec,
    status: NotificationStatus,
    columns: [
      column('Ready', '.status.conditions[?(@.type=="Ready")].status'),
      column('Delivered', '.status.delivered', { type: 'integer' }),
      column('Waiting', '.status.waiting', { type: 'integer' }),
      age,
      column('Reason', '.status.conditions[?(@.type=="Ready")].message', wide),
    ],
  },
  {
    kind: 'StageApprovals',
    plural: 'stageapprovals',
    shortNames: [],
    scope: 'Namespaced',
    status: StageApprovalsStatus,
    columns: [
      column('Model-Namespace', '.status.modelNamespace'),
      column('Approved', '.status.approved', { type: 'integer' }),
      column('Omitted', '.status.omitted', { type: 'integer' }),
      age,
    ],
  },
];

/** @returns the CustomResourceDefinitions of all kinds, ready for the API server. */
export function buildCrds(): readonly JsonObject[] {
  return KINDS.map(buildCrd);
}

function buildCrd({ kind, plural, shortNames, scope, spec, status, columns }: Kind): JsonObject {
  const singular = kind.toLowerCase();
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: ['assent'] },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              ...(spec ? { required: ['spec'] } : {}),
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                ...(spec ? { spec: { description: 'What is asked for.', ...buildStructuralSchema(spec) } } : {}),
                status: {
                  description: 'What the operator tells of it; nobody else writes it.',
                  ...buildStructuralSchema(status),
                  ...(spec ? { default: UNOBSERVED } : {}),
                },
              },
            },
          },
        },
      ],
    },
  };
}

/** @returns the schema in Kubernetes' structural form, which knows no `$ref`, `const` or `propertyNames`. */
function buildStructuralSchema(schema: z.ZodType): JsonObject {
  const built: JsonObject = {
    ...z.toJSONSchema(schema, {
      target: 'openapi-3.0',
      io: 'input',
      reused: 'inline',
      override: ({ jsonSchema }) => makeStructural(jsonSchema),
    }),
  };
  delete built.$schema;
  return built;
}

function makeStructural(schema: JsonObject): void {
  delete schema.propertyNames;
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  // A CEL rule says more than an enum's own message, and is not run where the enum has already refused.
  if (schema['x-kubernetes-validations']) delete schema.enum;
  if (schema['x-kubernetes-preserve-unknown-fields']) delete schema.additionalProperties;
  if (schema.type === 'integer') {
    // zod adds JavaScript's safe integers as bounds; they say nothing to a reader.
    if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
    if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
    schema.format = 'int64';
  }
  if (schema['x-assent-open']) {
    const { description } = schema;
    for (const key of Object.keys(schema)) delete schema[key];
    Object.assign(schema, { description, 'x-kubernetes-preserve-unknown-fields': true });
  }
}
