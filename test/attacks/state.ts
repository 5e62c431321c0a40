import { expect } from 'vitest';
import { ANNOTATIONS, type Verdict } from '../../src/api/index.ts';
import { until } from '../e2e/until.ts';
import { DONE, refused } from './attack.ts';
import type { Ground } from './ground.ts';
import type { Answer, Draft, Person } from './person.ts';

/** What the operator has made of a version. */
export interface State {
  readonly stage: string | undefined;
  /** Of condition Approved. */
  readonly reason: string | undefined;
  /** `alice approve`, or `eve approve, not counted`; oldest first. */
  readonly decisions: readonly string[];
  /** `None → Production: ManuallyApproved`; oldest first. */
  readonly moves: readonly string[];
}

export const WAITING: State = { stage: 'None', reason: 'AwaitingApproval', decisions: [], moves: [] };

export async function stateOf(ground: Ground, name: string): Promise<State> {
  const { status } = await ground.read(name);
  const { stage, approvals = [], history = [], conditions = [] } = status ?? {};
  return {
    stage,
    reason: conditions.find(({ type }) => type === 'Approved')?.reason,
    decisions: approvals.map(({ user, verdict, counted }) => `${user} ${verdict}${counted ? '' : ', not counted'}`),
    moves: history.map(({ from, to, reason }) => `${from} → ${to}: ${reason}`).toReversed(),
  };
}

/** Resolves when the operator has brought the version there. */
export async function untilState(ground: Ground, name: string, state: Partial<State>): Promise<void> {
  await until(() => stateOf(ground, name), expect.objectContaining(state));
}

/** The attempt is refused, and the version stays as it was in every byte. */
export async function expectRefused(
  ground: Ground,
  name: string,
  attempt: () => Promise<Answer>,
  answer: unknown,
): Promise<void> {
  const before = await ground.read(name);
  expect(await attempt()).toEqual(answer);
  expect(await ground.read(name)).toEqual(before);
}

/**
 * Nothing that happened before has decided anything: the version still waits for the approver, whose approval is the
 * first that counts and alone makes it move. A later action whose effect is seen shows that an earlier one had none.
 *
 * @param earlier decisions that are recorded and must not count
 */
export async function expectWaitsFor(
  approver: Person,
  ground: Ground,
  name: string,
  earlier: readonly string[] = [],
): Promise<void> {
  await decide(approver, name, 'approve');
  await until(() => stateOf(ground, name), {
    stage: 'Production',
    reason: 'ManuallyApproved',
    decisions: [...earlier, `${approver.user} approve`],
    moves: ['None → Production: ManuallyApproved'],
  });
}

/**
 * Decides as soon as an earlier decision is recorded, as a person would try again.
 *
 * @param reason other than the one that stands there, which would change nothing
 */
export async function decide(
  person: Person,
  name: string,
  verdict: Verdict,
  reason = `${person.user} looked at it`,
): Promise<void> {
  await until(() => person.annotate(name, { [ANNOTATIONS[verdict]]: reason }), DONE);
}

/** @returns the version as one would export it, to be sent again. */
export async function draftOf(ground: Ground, name: string): Promise<Required<Pick<Draft, 'metadata' | 'spec'>>> {
  const { metadata, spec } = await ground.read(name);
  return { metadata, spec };
}

export async function expectNoSuch({ admin }: Ground, name: string): Promise<void> {
  expect(await admin.send({ method: 'GET', path: admin.path(name) })).toEqual(refused('not-found', name));
}
