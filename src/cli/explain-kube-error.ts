import { GROUP } from '../api/index.ts';
import type { KubeApiError } from '../kube/index.ts';
import { type ConnectionFault, findConnectionFault } from './explain-connection.ts';
import { printable } from './printable.ts';

const OTHER_CLUSTER = '--kubeconfig FILE and --context NAME choose another cluster';

/** By what stood in between, where that is known. */
const CONNECTION: Readonly<Record<ConnectionFault, string>> = {
  'unknown-authority':
    "the server's certificate is signed by none of the kubeconfig's authorities: is the cluster another one by now? get its kubeconfig anew",
  expired: "the server's certificate has expired: renew it, or set this machine's clock",
  'other-name': "the server's certificate is for other names: write one of them as the cluster's tls-server-name",
  'no-tls': 'there is no TLS at that port: is it the right one, and http:// meant?',
  'no-host': 'there is no such host: is the name right, and the network of the cluster reached?',
};

/** @returns what a request that failed means for a user, and what to do about it. Each problem is one line. */
export function explainKubeApiError(error: KubeApiError): readonly string[] {
  return explain(error)
    .flatMap((problem) => problem.split('\n'))
    .map(printable);
}

function explain(error: KubeApiError): readonly string[] {
  const { code, status, message, answer, source } = error;
  const asked = source === undefined ? OTHER_CLUSTER : `it was asked by ${source}; ${OTHER_CLUSTER}`;
  switch (code) {
    case 'unreachable':
    case 'timeout': {
      const fault = findConnectionFault(error);
      return [message, fault ? CONNECTION[fault] : 'is the cluster running?', asked];
    }
    case 'unauthorized':
      // Without an answer the kubeconfig itself is at fault, and the message says how.
      if (status === 0) return [message, `repair it, or log in again; ${OTHER_CLUSTER}`];
      return [answer ?? message, 'the cluster does not take these credentials: log in again', asked];
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
