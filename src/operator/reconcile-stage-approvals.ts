import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { Metadata, StageApprovals, type StageApprovalsStatus } from '../api/index.ts';
import type { WorkResult } from '../kube/index.ts';
import type { ApprovedVersions } from './approved-versions.ts';
import { buildStageApprovals } from './build-stage-approvals.ts';
import type { GuardedNamespaces } from './guarded-namespaces.ts';
import { refOf } from './object-ref.ts';
import type { Clock, StageApprovalsWriter } from './ports.ts';
import type { WrittenVersions } from './written-versions.ts';

interface StageApprovalsPorts {
  readonly namespaces: GuardedNamespaces;
  readonly approved: ApprovedVersions;
  /** @returns the namespace's StageApprovals as stored, unchecked, or undefined where there is none. */
  readonly stored: (namespace: string) => unknown;
  /** Whether this operator knows the versions of a namespace. Of the others it must not say that there are none. */
  readonly knowsVersionsOf: (namespace: string) => boolean;
  readonly writer: StageApprovalsWriter;
  readonly written: WrittenVersions;
  readonly onWritten: (namespace: string, status: StageApprovalsStatus) => void;
  readonly clock: Clock;
}

/** The watch shows our own write within milliseconds; what closes shall not wait longer than that. */
const BEHIND_RETRY_MS = 20;

/**
 * Brings the StageApprovals of one namespace to what is approved now. Where the namespace is not guarded any more it is
 * taken away: found again after a while, it would say what was approved then.
 */
export async function reconcileStageApprovals(
  namespace: string,
  ports: StageApprovalsPorts,
): Promise<WorkResult | undefined> {
  if (ports.written.isBehind(namespace)) return { requeueAfterMs: BEHIND_RETRY_MS };
  const stored = readStored(ports.stored(namespace));
  const modelNamespace = ports.namespaces.modelNamespace(namespace);
  if (modelNamespace === undefined) {
    if (stored && ports.knowsVersionsOf(stored.status?.modelNamespace ?? namespace))
      await ports.writer.delete(namespace);
    return undefined;
  }
  if (!ports.knowsVersionsOf(modelNamespace)) return undefined;

  const status = buildStageApprovals(modelNamespace, ports.approved.of(modelNamespace), stored?.status, ports.clock());
  if (isDeepStrictEqual(status, stored?.status)) return undefined;
  const ref = stored ? refOf(stored.metadata) : await ports.writer.create(namespace);
  ports.written.wrote(namespace, await ports.writer.writeStatus(ref, status));
  ports.onWritten(namespace, status);
  return undefined;
}

const Stored = z.object({ metadata: Metadata, status: StageApprovals.shape.status.catch(undefined) });

/** A status that does not fit the schema is none: it is written anew. */
function readStored(object: unknown): z.infer<typeof Stored> | undefined {
  return object === undefined ? undefined : Stored.parse(object);
}
