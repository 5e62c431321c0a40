import type { z } from 'zod';

/** @returns what does not fit, in one line, each with its place below the value. */
export function describeIssues({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');
}
