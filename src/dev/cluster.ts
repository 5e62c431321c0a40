import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { digestOf } from './build-cache.ts';
import { ensureControlPlane } from './control-plane-binaries.ts';
import { findOnPath } from './find-on-path.ts';
import { issueKubeconfig } from './kubeconfig.ts';
import { type User, writePrivate } from './pki.ts';
import type { Report } from './progress.ts';
import { controlPlaneFolder } from './repository.ts';

/** A cluster to test against: a local control plane, or one of the user's own. */
export interface Cluster {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of a kubectl. */
  readonly kubectl: string;
  /** The local control plane's folder; a cluster of the user's own has none. */
  readonly folder?: string;
}

/**
 * The user's own cluster, by its kubeconfig. Its kubectl is the one on the PATH, and is built where there is none.
 */
export async function existingCluster(kubeconfig: string, report: Report = console.error): Promise<Cluster> {
  return {
    kubeconfig: resolve(kubeconfig),
    kubectl: findOnPath('kubectl') ?? (await ensureControlPlane(report)).kubectl,
  };
}

/**
 * Writes a kubeconfig for any user of a cluster: with a client certificate where the cluster is a local control plane;
 * with impersonation by the administrator where it is not, as its certificate authority is out of reach.
 *
 * @returns the path of the kubeconfig
 */
export async function kubeconfigFor(cluster: Cluster, user: User): Promise<string> {
  return cluster.folder === undefined ? impersonate(cluster, user) : issueKubeconfig(cluster.folder, user);
}

const Kubeconfig = z.looseObject({
  users: z.tuple([z.looseObject({ name: z.string(), user: z.looseObject({}) })]),
});

async function impersonate({ kubeconfig, kubectl }: Cluster, { user, groups }: User): Promise<string> {
  // With one context and user left, and certificates in place of paths that are relative to the file.
  const args = ['--kubeconfig', kubeconfig, 'config', 'view', '--raw', '--minify', '--flatten'];
  const { stdout } = await promisify(execFile)(kubectl, args);
  const { users, ...rest } = Kubeconfig.parse(parse(stdout));
  const [admin] = users;
  const impersonating = { ...admin.user, as: user, 'as-groups': groups };
  const digest = digestOf([JSON.stringify([resolve(kubeconfig), user, groups])]);
  const path = join(controlPlaneFolder, 'impersonation', `${digest}.yaml`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivate(path, stringify({ ...rest, users: [{ ...admin, user: impersonating }] }, { lineWidth: 0 }));
  return path;
}
