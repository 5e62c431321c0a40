/** What the reference model knows of one version. It is written from the documentation, not from the code. */
export interface Modelled {
  generation: number;
  accuracy: number;
  asked: 'Staging' | 'Production';
  stage: string;
  /** The reason of condition Approved. */
  reason: string;
  submitter: string;
  /** Who approved this generation and counts. */
  approvers: Set<string>;
  /** Hours on the test's clock. */
  waitingSince: number;
}

/** What the policy of all versions says now. */
export interface PolicyParameters {
  readonly threshold: number;
  readonly required: number;
}

export const NAMED = ['alice', 'bob'] as const;
export const PENDING_HOURS = 2;

/** accuracy < 0.2: deny; > threshold: allow; else `required` of alice and bob, not whoever submitted it. */
export function decideModel(version: Modelled, { threshold, required }: PolicyParameters, hours: number): void {
  if (isSettled(version)) return;
  const signed = NAMED.filter((name) => version.approvers.has(name) && name !== version.submitter);
  if (version.accuracy < 0.2) settle(version, 'PolicyDenied', 'Archived');
  else if (version.accuracy > threshold) settle(version, 'AutoApproved', version.asked);
  else if (signed.length >= required) settle(version, 'ManuallyApproved', version.asked);
  else if (hours - version.waitingSince >= PENDING_HOURS) settle(version, 'Expired', 'Archived');
  else version.reason = 'AwaitingApproval';
}

export function approveModel(version: Modelled, user: string): void {
  if (!isSettled(version)) version.approvers.add(user);
}

/** A deny comes first, and where the policy allows there is nobody to ask: both are settled before anyone rejects. */
export function rejectModel(version: Modelled, user: string): void {
  if (!isSettled(version) && isNamed(user)) settle(version, 'RejectedByApprover', 'Archived');
}

/** What a policy approved, whoever holds the verb can take back; what people approved, those whom it named. */
export function revokeModel(version: Modelled, user: string): void {
  const may = version.reason === 'AutoApproved' || (version.reason === 'ManuallyApproved' && isNamed(user));
  if (may) settle(version, 'Revoked', 'Archived');
}

export function submitModel(
  version: Modelled,
  by: string,
  spec: Pick<Modelled, 'accuracy' | 'asked'>,
  hours: number,
): void {
  if (spec.accuracy === version.accuracy && spec.asked === version.asked) return;
  Object.assign(version, spec, { submitter: by, reason: '', waitingSince: hours });
  version.generation++;
  version.approvers.clear();
}

function isSettled({ reason }: Modelled): boolean {
  return !['', 'AwaitingApproval'].includes(reason);
}

function isNamed(user: string): boolean {
  return NAMED.some((name) => name === user);
}

function settle(version: Modelled, reason: string, stage: string): void {
  version.reason = reason;
  version.stage = stage;
}
