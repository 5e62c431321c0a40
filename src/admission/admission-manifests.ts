import { buildDecisionPolicy } from './decision-policy.ts';
import type { Manifest } from './manifest.ts';
import { DEFAULT_NAMESPACE, gatewayUser, operatorUser } from './names.ts';
import { buildSchemaPolicy } from './schema-policy.ts';
import { buildStampPolicy } from './stamp-policy.ts';
import { buildStatusPolicy } from './status-policy.ts';

export interface AdmissionOptions {
  /** The user that may write a status; by default the operator's ServiceAccount in `assent-system`. */
  readonly operator?: string;
  /** The user that may submit for somebody whom MLflow knows; by default the gateway's ServiceAccount there. */
  readonly gateway?: string;
}

/**
 * @returns the admission policies and their bindings: the checking ones first, so that nothing is stamped that nobody
 * checks. The kinds' CRDs must be there before them; a new CRD is known to admission after a few seconds.
 */
export function buildAdmissionManifests({
  operator = operatorUser(DEFAULT_NAMESPACE),
  gateway = gatewayUser(DEFAULT_NAMESPACE),
}: AdmissionOptions = {}): readonly Manifest[] {
  return [
    ...buildDecisionPolicy(gateway),
    ...buildStatusPolicy(operator),
    ...buildSchemaPolicy(),
    ...buildStampPolicy(gateway),
  ];
}
