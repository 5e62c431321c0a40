/** The API group of every kind of ours. */
export const GROUP = 'assent.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** The RBAC verb on `modelversions` that lets a person approve, reject or revoke. */
export const APPROVE_VERB = 'approve';

/**
 * The annotations that carry a person's decision. The value is the reason, in the person's own words.
 */
export const ANNOTATIONS = {
  approve: `${GROUP}/approve`,
  reject: `${GROUP}/reject`,
  revoke: `${GROUP}/revoke`,
  /** `{"user","groups","generation"}` of the request that wrote the decision; stamped inside the API server. */
  decidedBy: `${GROUP}/decided-by`,
  /** `{"user","groups","generation"}` of the request that wrote the spec; stamped inside the API server. */
  submittedBy: `${GROUP}/submitted-by`,
  /** MLflow's name for whoever the gateway submits for. Only the gateway's own ServiceAccount can write it. */
  onBehalfOf: `${GROUP}/on-behalf-of`,
} as const;

/** What a submitter's name begins with whom MLflow knows and Kubernetes does not, and the group of all of them. */
export const MLFLOW_USER_PREFIX = 'mlflow:';
export const MLFLOW_GROUP = 'mlflow:users';

/** What Assent writes beside a version in its model registry, and what it reads there. */
export const REGISTRY_TAGS = {
  /** Read: the stage that the version asks for. */
  stage: `${GROUP}/stage`,
  /** Written: Approved or Rejected, why, by whom, and the decision's id. */
  decision: `${GROUP}/decision`,
  reason: `${GROUP}/reason`,
  decidedBy: `${GROUP}/decided-by`,
  decisionId: `${GROUP}/decision-id`,
} as const;

/** The operator's ServiceAccount, Deployment, ClusterRole and Role. */
export const OPERATOR_NAME = 'assent-operator';

/** What a person can decide about a version. */
export const VERDICTS = ['approve', 'reject', 'revoke'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Those that the API server stamps, and those that need the verb: whoever only edits cannot write them. */
export const GUARDED_ANNOTATIONS = [
  ANNOTATIONS.decidedBy,
  ANNOTATIONS.submittedBy,
  ...VERDICTS.map((verdict) => ANNOTATIONS[verdict]),
] as const;

/** The labels that the deployment guard reads. */
export const LABELS = {
  /** On a workload or its pod template: the name of the ModelVersion that it serves. */
  modelVersion: `${GROUP}/model-version`,
  /** On a namespace: the stage that it is for; a namespace without it is not guarded. */
  stage: `${GROUP}/stage`,
  /** On a guarded namespace: where its ModelVersions are, if not in itself. */
  modelNamespace: `${GROUP}/model-namespace`,
} as const;

/** The annotation by which a workload says which artifact it serves; it must be the approved one. */
export const ARTIFACT_DIGEST_ANNOTATION = `${GROUP}/artifact-digest`;

/** The StageApprovals object of a guarded namespace: there is one, of this name. */
export const STAGE_APPROVALS_NAME = 'assent';
