import { z } from 'zod';
import { API_VERSION, Metadata, STAGE_APPROVALS_NAME } from '../api/index.ts';
import { type Cluster, KubeApiError, resourcePath } from '../kube/index.ts';
import { refOf } from './object-ref.ts';
import type { StageApprovalsWriter } from './ports.ts';
import { STAGE_APPROVALS } from './resources.ts';

const Written = z.object({ metadata: Metadata });
const OBJECT = { apiVersion: API_VERSION, kind: STAGE_APPROVALS.kind } as const;

/** @returns the door through which StageApprovals go to the API server. */
export function createStageApprovalsWriter(cluster: Cluster): StageApprovalsWriter {
  return {
    async create(namespace) {
      const created = await cluster.request({
        method: 'POST',
        path: resourcePath(STAGE_APPROVALS, { namespace }),
        body: { ...OBJECT, metadata: { name: STAGE_APPROVALS_NAME, namespace } },
      });
      return refOf(Written.parse(created).metadata);
    },
    async writeStatus(ref, status) {
      // Of ten thousand versions a replacement costs the API server half of what a patch does. It answers 409 where the
      // object is not of this uid and resourceVersion any more.
      const written = await cluster.request({
        method: 'PUT',
        path: `${resourcePath(STAGE_APPROVALS, ref)}/status`,
        body: { ...OBJECT, metadata: ref, status },
      });
      return refOf(Written.parse(written).metadata).resourceVersion;
    },
    async delete(namespace) {
      const path = resourcePath(STAGE_APPROVALS, { namespace, name: STAGE_APPROVALS_NAME });
      try {
        await cluster.request({ method: 'DELETE', path });
      } catch (error) {
        // Gone already, which is what was wanted.
        if (!(error instanceof KubeApiError && error.code === 'not-found')) throw error;
      }
    },
  };
}
