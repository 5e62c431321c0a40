import {
  buildPlan,
  type DecisionRecord,
  isSettled,
  type PolicyResults,
  type PolicySnapshot,
  renderCanonicalJson,
} from '../decision/index.ts';
import type { CompiledPolicy } from '../rego/index.ts';
import { evaluatePolicies } from './evaluate-policies.ts';
import { buildPolicyData, type PolicyInForce } from './policy-catalog.ts';
import type { PolicyEvaluator } from './ports.ts';

export type Replay =
  /** Byte for byte what was recorded. */
  | { readonly kind: 'same' }
  | { readonly kind: 'different'; readonly recorded: string; readonly replayed: string }
  /** Something that the decision was made from is not at hand; `why` says what. */
  | { readonly kind: 'impossible'; readonly why: string };

interface ReplayTools {
  /** @returns the policy of this digest, or null where nobody has it. */
  readonly loadPolicy: (digest: string) => Promise<CompiledPolicy | null>;
  readonly evaluator: PolicyEvaluator;
}

/**
 * Makes a recorded decision again, from its snapshot and the policies of its digests, and compares the whole record.
 * Taken from the record are only what no machine can repeat: how long an evaluation took, and evaluations that gave no
 * value (a missed deadline). The signature is left out; `assent verify` checks it.
 */
export async function replayDecision(record: DecisionRecord, { loadPolicy, evaluator }: ReplayTools): Promise<Replay> {
  const { attestation: _, masked, ...recorded } = record;
  if (masked) return { kind: 'impossible', why: `the record was masked: ${masked.join(', ')}` };
  const { snapshot, failures } = recorded;
  const policies: PolicyInForce[] = [];
  for (const policy of isSettled(snapshot.modelVersion) ? [] : snapshot.policies) {
    if (policy.digest === null || Object.hasOwn(failures, policy.name)) continue;
    const compiled = await loadPolicy(policy.digest);
    if (!compiled)
      return { kind: 'impossible', why: `${policy.name} of digest ${policy.digest} is not at hand: give --policy` };
    policies.push({ snapshot: patient(policy), compiled, ...buildPolicyData(policy.spec, compiled) });
  }
  const measured = Object.entries(await evaluatePolicies(snapshot, policies, evaluator)).map(
    ([name, result]) => [name, { ...result, evaluationMicroseconds: measuredOf(record, name) }] as const,
  );
  const results: PolicyResults = { ...failures, ...Object.fromEntries(measured) };
  const again = buildPlan(snapshot, results).records.find(({ kind }) => kind === 'Decision');
  const texts = { recorded: renderCanonicalJson(recorded), replayed: renderCanonicalJson(again ?? null) };
  return texts.recorded === texts.replayed ? { kind: 'same' } : { kind: 'different', ...texts };
}

/** What answered in time may take longer on the machine of whoever replays it: a missed deadline is in the record. */
function patient({ spec, ...policy }: PolicySnapshot): PolicySnapshot {
  return { ...policy, spec: { ...spec, limits: { ...spec.limits, timeout: '5s' } } };
}

function measuredOf({ decision }: DecisionRecord, name: string): number {
  return decision.policies.find((verdict) => verdict.name === name)?.evaluationMicroseconds ?? 0;
}
