import { ANNOTATIONS, API_VERSION } from '../api/index.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const at = '2026-01-02T03:04:05.678Z';
const condition = (type: string, reason: string, message: string) => ({
  type,
  status: 'True',
  reason,
  message,
  lastTransitionTime: at,
  observedGeneration: 1,
});

/** What a decided version looks like, as the API server writes it: the others are kept as what differs from it. */
export const TYPICAL_MODEL_VERSION = {
  apiVersion: API_VERSION,
  kind: 'ModelVersion',
  metadata: {
    annotations: {
      [ANNOTATIONS.submittedBy]:
        '{"user":"system:serviceaccount:default:training","groups":["system:serviceaccounts","system:serviceaccounts:default","system:authenticated"],"generation":1}',
      'kubectl.kubernetes.io/last-applied-configuration': '{"apiVersion":"assent.dev/v1alpha1","kind":"ModelVersion",',
    },
    creationTimestamp: '2026-01-02T03:04:05Z',
    generation: 1,
    labels: { 'app.kubernetes.io/managed-by': 'assent' },
    name: 'fraud-detector-7',
    namespace: 'default',
    resourceVersion: '100000',
    uid: '00000000-0000-0000-0000-000000000000',
  },
  spec: {
    archiveExistingVersions: false,
    artifact: { digest, uri: 'models:/fraud-detector/7' },
    metrics: { accuracy: 0.93, auc: 0.97, f1: 0.91, loss: 0.21, precision: 0.9, recall: 0.9 },
    model: 'fraud-detector',
    parameters: { learning_rate: '0.1', max_depth: '6' },
    source: { gitCommit: '0'.repeat(40), registry: 'mlflow', runId: '0'.repeat(32) },
    stage: 'Production',
    version: '7',
  },
  status: {
    conditions: [
      condition('Approved', 'AutoApproved', 'accuracy 0.93 is above 0.9'),
      condition('PolicyEvaluated', 'Evaluated', 'every matching policy gave its result'),
      condition('ApprovalsVerified', 'AdmissionPoliciesInForce', 'the API server vouches for who approves'),
      condition('Ready', 'AutoApproved', 'accuracy 0.93 is above 0.9'),
    ],
    decision: {
      by: 'Policy',
      decidedAt: at,
      generation: 1,
      id: digest,
      inputDigest: digest,
      now: at,
      outcome: 'Approved',
      policies: [
        {
          digest,
          evaluationMicroseconds: 12,
          generation: 1,
          name: 'ClusterApprovalPolicy/accuracy',
          outcome: 'allow',
          reasons: ['accuracy 0.93 is above 0.9'],
        },
      ],
      policyDigest: digest,
      policyNames: 'accuracy',
      reasons: ['accuracy 0.93 is above 0.9'],
      requirements: [],
      signature: { keyId: digest, value: '' },
      warnings: [],
    },
    exported: { at, decisionId: digest, registry: 'mlflow', stage: 'Production' },
    history: [
      {
        at,
        decisionId: digest,
        from: 'None',
        generation: 1,
        outcome: 'Approved',
        previousDigest: '',
        reason: 'AutoApproved',
        to: 'Production',
      },
    ],
    observedGeneration: 1,
    stage: 'Production',
    verified: {
      digest,
      message: 'there is no ModelRegistry mlflow in this namespace that works',
      metrics: { accuracy: 0.93 },
      outcome: 'Unavailable',
      readAt: at,
      registry: 'mlflow',
      runId: '0'.repeat(32),
    },
  },
} as const;
