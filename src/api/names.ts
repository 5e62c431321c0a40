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
} as const;

/** What a person can decide about a version. */
export const VERDICTS = ['approve', 'reject', 'revoke'] as const;
export type Verdict = (typeof VERDICTS)[number];
