import { GROUP } from '../api/index.ts';
import type { KubeApiError } from '../kube/index.ts';
import { printable } from './printable.ts';

const OTHER_CLUSTER = '--kubeconfig FILE and --context NAME choose another cluster';

/** @returns what a request that failed means for a user, and what to do about it. Each problem is one line. */
export function explainKubeApiError(error: KubeApiError): readonly string[] {
  return explain(error)
    .flatMap((problem) => problem.split('\n'))
    .map(printable);
}

function explain({ code, message, answer }: KubeApiError): readonly string[] {
  switch (code) {
    case 'unreachable':
    case 'timeout':
      return [message, `is the cluster running? ${OTHER_CLUSTER}`];
    case 'unauthorized':
      return [answer ?? message, `the cluster does not take these credentials: log in again; ${OTHER_CLUSTER}`];
    case 'forbidden':
      return [answer ?? message, ...(answer?.includes('assent-approver') ? [] : [`${ROLES}`])];
    case 'not-found':
      // The API server answers so, without words of its own, where it does not know the kind.
      return answer === undefined ? [NOT_INSTALLED] : [answer];
    case 'gone':
      return ['the list changed while it was read: try again'];
    default:
      return [answer ?? message];
  }
}

const ROLES =
  'ask for the ClusterRole that allows it: assent-viewer to read versions, assent-approver to decide on them';
const NOT_INSTALLED = `the cluster does not know ModelVersions (${GROUP}): install Assent with \`helm install assent charts/assent --namespace assent-system --create-namespace\` (docs/install.md), or run \`npm start\` for a cluster on this machine`;
