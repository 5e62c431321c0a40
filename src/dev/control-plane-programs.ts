import { join } from 'node:path';
import type { ControlPlaneBinaries } from './control-plane-binaries.ts';
import { pkiPaths } from './pki.ts';
import type { ProgramSpec } from './supervisor.ts';

// Relative to the folder, which is the programs' working directory: a socket's path may not exceed 104 bytes. No port
// is taken, and only who may enter the folder reaches etcd, which asks nobody who they are.
const CLIENT_SOCKET = 'unix://etcd.sock';
const PEER_SOCKET = 'unix://etcd-peer.sock';

/** Etcd with its data in the folder. Without fsync it is quicker, and a power failure may cost the data. */
export function etcdProgram(folder: string, binaries: ControlPlaneBinaries, fsync: boolean): ProgramSpec {
  return {
    name: 'etcd',
    command: binaries.etcd,
    args: [
      '--name=assent',
      '--data-dir=etcd',
      `--listen-client-urls=${CLIENT_SOCKET}`,
      `--advertise-client-urls=${CLIENT_SOCKET}`,
      `--listen-peer-urls=${PEER_SOCKET}`,
      `--initial-advertise-peer-urls=${PEER_SOCKET}`,
      `--initial-cluster=assent=${PEER_SOCKET}`,
      '--log-level=warn',
      // The default of 2 GiB is less than 100,000 objects and their recent revisions may take.
      `--quota-backend-bytes=${8 * 1024 ** 3}`,
      ...(fsync ? [] : ['--unsafe-no-fsync']),
    ],
    cwd: folder,
    logFile: join(folder, 'logs', 'etcd.log'),
  };
}

/** The API server on 127.0.0.1, with RBAC, client certificates and all default admission that needs no controller. */
export function apiServerProgram(folder: string, binaries: ControlPlaneBinaries, port: number): ProgramSpec {
  const pki = pkiPaths(folder);
  return {
    name: 'kube-apiserver',
    command: binaries.apiServer,
    args: [
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--etcd-servers=${CLIENT_SOCKET}`,
      `--client-ca-file=${pki.authority}`,
      `--tls-cert-file=${pki.server}`,
      `--tls-private-key-file=${pki.serverKey}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${pki.serviceAccountKey}`,
      `--service-account-signing-key-file=${pki.serviceAccountKey}`,
      '--authorization-mode=RBAC',
      // Nothing creates the default service accounts that this plugin demands for every pod; no pod ever runs here.
      '--disable-admission-plugins=ServiceAccount',
      '--service-cluster-ip-range=10.0.0.0/24',
      // No pod looks for the API server, and a loopback address may not be published as its endpoint.
      '--endpoint-reconciler-type=none',
      // Otherwise it looks for another address, and does not start on a machine without a network.
      '--advertise-address=127.0.0.1',
      '--profiling=false',
    ],
    cwd: folder,
    logFile: join(folder, 'logs', 'kube-apiserver.log'),
  };
}
