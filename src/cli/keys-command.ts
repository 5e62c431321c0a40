import { Command } from 'commander';
import { z } from 'zod';
import { DEFAULT_NAMESPACE, PUBLIC_KEYS_NAME, SIGNING_KEYS_NAME } from '../admission/index.ts';
import { addSigningKey } from '../operator/index.ts';
import { addClusterOptions, type ClusterOptions, openCluster } from './cluster-options.ts';
import { readPublicKeys } from './records/load-public-keys.ts';

interface KeysOptions extends ClusterOptions {
  readonly operatorNamespace: string;
}

const SigningKeys = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});

export function buildKeysCommand(): Command {
  return new Command('keys')
    .summary('the keys that sign decisions')
    .addCommand(
      withOptions(
        new Command('export')
          .summary('print the public keys')
          .description(
            'Prints the public keys that decisions were and are signed with, in PEM. Keep them outside the cluster, and give them to `assent verify --public-key`.',
          ),
      ).action(exportKeys),
    )
    .addCommand(
      withOptions(
        new Command('rotate')
          .summary('sign with a new key from now on')
          .description(
            `Adds a key to the Secret ${SIGNING_KEYS_NAME} and makes it the current one. The operator takes it up within seconds. The old ones stay, so that what they signed can still be checked.`,
          ),
      ).action(rotateKeys),
    );
}

function withOptions(command: Command): Command {
  return addClusterOptions(command).option(
    '--operator-namespace <name>',
    "the operator's namespace, where the keys lie",
    DEFAULT_NAMESPACE,
  );
}

async function exportKeys(options: KeysOptions): Promise<void> {
  await using cluster = openCluster(options);
  const keys = await readPublicKeys(cluster, options.operatorNamespace);
  for (const key of keys.values()) process.stdout.write(key.export({ type: 'spki', format: 'pem' }));
  if (keys.size === 0) console.error(`the ConfigMap ${PUBLIC_KEYS_NAME} holds no key yet`);
}

async function rotateKeys(options: KeysOptions): Promise<void> {
  await using cluster = openCluster(options);
  const path = `/api/v1/namespaces/${options.operatorNamespace}/secrets/${SIGNING_KEYS_NAME}`;
  const { metadata, data } = SigningKeys.parse(await cluster.request({ method: 'GET', path }));
  const { data: next, keyId } = addSigningKey(data);
  // Written only onto what was read: of two who rotate at once, one is told to try again.
  const body = { metadata: { resourceVersion: metadata.resourceVersion }, data: next };
  await cluster.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body });
  console.log(`the current key is ${keyId}`);
}
