import type { z } from 'zod';

/** Whoever repairs ten mistakes has seen what the others are; a policy may make thousands. */
const MOST = 10;

/** @returns what does not fit, in one line, each with its place below the value. */
export function describeIssues({ issues }: z.ZodError): string {
  const told = issues.slice(0, MOST).map(({ path, message }) => {
    const place = path.join('.').slice(0, 256);
    return place === '' ? message.slice(0, 1024) : `${place}: ${message.slice(0, 1024)}`;
  });
  return [...told, ...(issues.length > MOST ? [`and ${issues.length - MOST} more`] : [])].join('; ');
}
