import { expect, test } from 'vitest';
import type { Answer } from './person.ts';

/**
 * Something that must not work. The name reads "WHO tries WHAT and gets ANSWER"; docs/security.md has a row for each.
 * Those of one file run side by side, each on versions of its own.
 */
export const attack = test.concurrent;

/** Something that works, and must be known: docs/security.md says what to do about it. Named as an attack is. */
export const limit = test.concurrent;

/** An answer by which the request has taken place. */
export const DONE = { kind: 'done', object: expect.anything() };

/** A refusal with these words in it. */
export function refused(code: Extract<Answer, { kind: 'refused' }>['code'], words: string) {
  return { kind: 'refused', code, message: expect.stringContaining(words) };
}
