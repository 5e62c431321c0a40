import { SIGNING_KEYS_NAME } from '../admission/index.ts';
import { type Cluster, KubeApiError, readSecret } from '../kube/index.ts';
import { RegistryError } from './client/index.ts';

/** @throws RegistryError `unauthorized` that says who grants what is missing */
export async function readRegistrySecret(
  cluster: Cluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<Readonly<Record<string, string>>> {
  // The operator reads this one for itself, and lends it to no registry.
  if (name === SIGNING_KEYS_NAME)
    throw new RegistryError('unauthorized', `Secret ${name} holds the operator's own keys`);
  try {
    return await readSecret(cluster, { namespace, name });
  } catch (cause) {
    if (!(cause instanceof KubeApiError)) throw cause;
    const what = `Secret ${namespace}/${name}`;
    if (cause.code === 'not-found') throw new RegistryError('unauthorized', `there is no ${what}`, { cause });
    if (cause.code === 'forbidden')
      throw new RegistryError(
        'unauthorized',
        `the operator may not read ${what}: an administrator grants that (docs/mlflow.md)`,
        { cause },
      );
    throw new RegistryError('unreachable', `${what} cannot be read: ${cause.message}`, { cause });
  }
}
