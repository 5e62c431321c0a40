import { type ApprovalPolicySpec, parseBytes, parseDurationMs } from '../api/index.ts';
import type { EvaluationLimits } from '../rego/index.ts';

/** What a policy may ask for at most: one namespace's policy must not hold up everybody's. */
const MOST = { timeoutMs: 5_000, memoryBytes: 256 * 2 ** 20, inputBytes: 4 * 2 ** 20 } as const;

/** @returns the limits of one evaluation: the policy's own, within what anyone may have, or the defaults. */
export function buildLimits({
  timeout,
  memory,
  input,
}: NonNullable<ApprovalPolicySpec['limits']> = {}): EvaluationLimits {
  return {
    timeoutMs: Math.min(parseDurationMs(timeout ?? '100ms'), MOST.timeoutMs),
    memoryBytes: Math.min(parseBytes(memory ?? '16Mi'), MOST.memoryBytes),
    inputBytes: Math.min(parseBytes(input ?? '256Ki'), MOST.inputBytes),
  };
}
