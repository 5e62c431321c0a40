import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Cluster } from '../../src/dev/index.ts';

const Kubeconfig = z.looseObject({ users: z.tuple([z.looseObject({ name: z.string() })]) });

/** @returns a kubeconfig without a certificate: for whoever holds the token or, without one, for nobody. */
export async function renderBearerKubeconfig({ kubeconfig, kubectl }: Cluster, token?: string): Promise<string> {
  const args = ['--kubeconfig', kubeconfig, 'config', 'view', '--raw', '--minify', '--flatten'];
  const { stdout } = await promisify(execFile)(kubectl, args);
  const { users, ...rest } = Kubeconfig.parse(parse(stdout));
  const [{ name }] = users;
  return stringify({ ...rest, users: [{ name, user: token === undefined ? {} : { token } }] }, { lineWidth: 0 });
}
