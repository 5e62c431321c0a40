import { z } from 'zod';
import { Approvers, type PolicyVerdict } from '../api/index.ts';
import { describeIssues } from './describe-issues.ts';
import type { PolicyResult, PolicySnapshot } from './snapshot.ts';

/** `count` different people out of `approvers`; no approvers: anyone who holds the RBAC verb. */
export interface Requirement {
  readonly approvers: readonly string[];
  readonly count: number;
  readonly reason?: string;
}

/** What one policy means for one version. */
export interface PolicyOutcome {
  readonly policy: PolicySnapshot;
  readonly kind: PolicyVerdict['outcome'];
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly requirements: readonly Requirement[];
  readonly evaluationMicroseconds: number;
}

/** A result lands in the status: without a limit one policy could make the object too large to store. */
const MAX_MESSAGES = 64;
const MAX_MESSAGE_LENGTH = 1024;

const message = z
  .string('a message must be a string')
  .max(MAX_MESSAGE_LENGTH, `a message has at most ${MAX_MESSAGE_LENGTH} characters`);

const messages = (rule: string) =>
  z
    .array(message, { error: () => `\`${rule}\` must be a set of messages: write \`${rule} contains "…" if …\`` })
    .max(MAX_MESSAGES, `\`${rule}\` gives at most ${MAX_MESSAGES} messages`)
    .default([]);

const RequireEntry = z.strictObject({
  approvers: Approvers.optional(),
  count: z.number().int().min(1).max(64).optional(),
  reason: message.optional(),
});

/** The document `data.approval` as a policy leaves it. Rules under other names are the policy's own helpers. */
const ApprovalDocument = z.object({
  allow: messages('allow'),
  deny: messages('deny'),
  warn: messages('warn'),
  require: z
    .array(RequireEntry, {
      error: () => '`require` must be a set of objects: `require contains {"approvers": […]} if …`',
    })
    .max(MAX_MESSAGES, `\`require\` gives at most ${MAX_MESSAGES} requirements`)
    .default([]),
});

/**
 * Reads one policy's result. Deny if any deny; else require if any require; else allow if any allow; else require:
 * silence never approves. Whoever edits a version, or its champion, has a part in what the policy is asked: what goes wrong
 * by that is an error, or they would choose so who judges it. Only where there is no policy to ask does `failurePolicy`
 * say what that means.
 */
export function parsePolicyOutcome(policy: PolicySnapshot, result: PolicyResult | undefined): PolicyOutcome {
  if (policy.digest === null) return missing(policy);
  if (!result) return failed(policy, 'the policy was not evaluated', 0);
  const { evaluationMicroseconds } = result;
  if (result.kind === 'error') return failed(policy, result.message, evaluationMicroseconds);
  const document = ApprovalDocument.safeParse(result.value);
  if (!document.success) {
    const problems = describeIssues(document.error);
    return failed(policy, `the policy's result does not fit: ${problems}`, evaluationMicroseconds);
  }

  const { allow, deny, warn, require } = document.data;
  const outcome = { policy, warnings: warn, evaluationMicroseconds };
  if (deny.length > 0) return { ...outcome, kind: 'deny', reasons: deny, requirements: [] };
  if (require.length > 0) {
    const requirements = require.map((entry) => buildRequirement(policy, entry));
    return { ...outcome, kind: 'require', reasons: reasonsOf(requirements), requirements };
  }
  if (allow.length > 0) return { ...outcome, kind: 'allow', reasons: allow, requirements: [] };
  return {
    ...outcome,
    kind: 'require',
    reasons: ['no rule allows it'],
    requirements: [defaultRequirement(policy)],
  };
}

/** There is no policy in force: its versions wait (Block), or people decide (Manual). Never an approval. */
function missing(policy: PolicySnapshot): PolicyOutcome {
  const outcome = failed(policy, policy.problem ?? 'the policy is not compiled', 0);
  return policy.spec.failurePolicy === 'Manual'
    ? { ...outcome, kind: 'require', requirements: [defaultRequirement(policy)] }
    : outcome;
}

function failed(policy: PolicySnapshot, message: string, evaluationMicroseconds: number): PolicyOutcome {
  return { policy, kind: 'error', reasons: [message], warnings: [], requirements: [], evaluationMicroseconds };
}

function defaultRequirement(policy: PolicySnapshot): Requirement {
  return buildRequirement(policy, {});
}

/** What a rule leaves out comes from the policy's own fields. */
function buildRequirement({ spec }: PolicySnapshot, entry: z.infer<typeof RequireEntry>): Requirement {
  const approvers = entry.approvers ?? spec.approvers ?? [];
  const count = entry.count ?? spec.required ?? 1;
  return entry.reason === undefined ? { approvers, count } : { approvers, count, reason: entry.reason };
}

function reasonsOf(requirements: readonly Requirement[]): readonly string[] {
  return requirements.map(({ reason }) => reason).filter((reason) => reason !== undefined);
}
