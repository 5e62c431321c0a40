import { z } from 'zod';
import { VERDICTS, type Verdict } from '../../api/index.ts';
import type { Person } from '../read-person.ts';

/**
 * @returns the stamp of a decision, byte for byte as the admission policies build it in CEL (src/admission): where no
 * policy stamps, as before Kubernetes 1.36, the client writes it and the API server compares. A name with control
 * characters has no stamp; the API server refuses it.
 */
export function renderStamp({ user, groups }: Person, generation: number, verdict: Verdict): string {
  return JSON.stringify({ user, groups, generation, verdict });
}

const Stamp = z.object({ user: z.string(), generation: z.number(), verdict: z.enum(VERDICTS) });

/** @returns who decided what, and for which generation; null where the text is no stamp. */
export function parseStamp(text: string | undefined): z.infer<typeof Stamp> | null {
  try {
    return Stamp.parse(JSON.parse(text ?? ''));
  } catch {
    // Written before the admission policies were there; the operator counts nothing for it.
    return null;
  }
}
