import type { ModelVersion } from '../api/index.ts';
import { buildDecisionStatement, buildEnvelope, type Plan } from '../decision/index.ts';
import type { DecisionSigner } from './ports.ts';

/**
 * Signs a decision that becomes final: the signature goes into the status, the whole envelope into the record. Without a
 * key the decision stands unsigned, for nobody shall wait for a key.
 */
export function signPlan(modelVersion: ModelVersion, plan: Plan, signer: DecisionSigner): Plan {
  const { status } = plan;
  if (!status?.decision || status.decision.signature) return plan;
  const statement = buildDecisionStatement(modelVersion, status);
  const signed = statement && signer.sign(statement.toSign);
  if (!signed) return plan;
  const { keyId, signature } = signed;
  const attestation = buildEnvelope(statement, signed);
  return {
    ...plan,
    status: { ...status, decision: { ...status.decision, signature: { keyId, value: signature } } },
    records: plan.records.map((record) => (record.kind === 'Decision' ? { ...record, attestation } : record)),
  };
}
