import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { PUBLIC_KEYS_NAME } from '../../admission/index.ts';
import { publicKeyId } from '../../decision/index.ts';
import type { Cluster } from '../../kube/index.ts';
import { CliError } from '../cli-error.ts';
import { readText } from './load-records.ts';

const ConfigMap = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * Reads public keys from PEM files; one file may hold several.
 *
 * @returns the keys by id
 * @throws CliError where a file holds none
 */
export function loadPublicKeys(paths: readonly string[]): ReadonlyMap<string, KeyObject> {
  return toKeys(
    paths.flatMap((path) => {
      const pems = readText(path).match(PEM);
      if (!pems) throw new CliError([`${path}: holds no public key in PEM (-----BEGIN PUBLIC KEY-----)`]);
      return pems;
    }),
  );
}

/**
 * Reads the public keys that the operator keeps for everybody. Who asks the cluster trusts its administrators: keep a
 * copy, and give it with --public-key, where that is not enough.
 *
 * @throws KubeApiError
 */
export async function readPublicKeys(cluster: Cluster, namespace: string): Promise<ReadonlyMap<string, KeyObject>> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${PUBLIC_KEYS_NAME}`;
  return toKeys(Object.values(ConfigMap.parse(await cluster.request({ method: 'GET', path })).data));
}

const PEM = /-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g;

function toKeys(pems: readonly string[]): ReadonlyMap<string, KeyObject> {
  return new Map(
    pems.map((pem) => {
      const key = createPublicKey(pem);
      return [publicKeyId(key), key];
    }),
  );
}
