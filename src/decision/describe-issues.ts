import type { z } from 'zod';
import { listProblems, renderProblem } from '../api/index.ts';

/** Whoever repairs ten mistakes has seen what the others are; a policy may make thousands. */
const MOST = 10;

/** @returns what does not fit, in one line, each with its place below the value. */
export function describeIssues(error: z.ZodError): string {
  const problems = listProblems(error);
  const told = problems.slice(0, MOST).map(({ path, message }) => {
    // A place is made of names that a policy chose.
    const place = path.join('.').slice(0, 256);
    return renderProblem({ path: place === '' ? [] : [place], message: message.slice(0, 1024) });
  });
  return [...told, ...(problems.length > MOST ? [`and ${problems.length - MOST} more`] : [])].join('; ');
}
