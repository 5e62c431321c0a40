import { buildDecisionPolicy } from './decision-policy.ts';
import type { Manifest } from './manifest.ts';
import { DEFAULT_NAMESPACE, gatewayUser, operatorUser } from './names.ts';
import { buildSchemaPolicy } from './schema-policy.ts';
import { buildStampPolicy } from './stamp-policy.ts';
import { buildStatusPolicy } from './status-policy.ts';

export interface AdmissionOptions {
  /**
   * Where Assent is installed; `assent-system` where it is left out. The operator's ServiceAccount there may write a status,
   * and the gateway's may submit for somebody whom MLflow knows.
   */
  readonly namespace?: string;
}

/**
 * @returns the admission policies and their bindings: the checking ones first, so that nothing is stamped that nobody
 * checks. The kinds' CRDs must be there before them; a new CRD is known to admission after a few seconds.
 */
export function buildAdmissionManifests({ namespace = DEFAULT_NAMESPACE }: AdmissionOptions = {}): readonly Manifest[] {
  const gateway = gatewayUser(namespace);
  return [
    ...buildDecisionPolicy(gateway),
    ...buildStatusPolicy(operatorUser(namespace)),
    ...buildSchemaPolicy(),
    ...buildStampPolicy(gateway),
  ];
}
