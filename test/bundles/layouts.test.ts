import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fetchBundle,
  openRepository,
  parseOciReference,
  readDockerConfig,
  trustEveryAddress,
  writeArchive,
} from '../../src/distribution/index.ts';
import { type OciRegistry, startOciRegistry } from './oci-registry.ts';

const REGO = Buffer.from('package approval\n');
const TITLE = 'org.opencontainers.image.title';

interface Layer {
  readonly mediaType: string;
  readonly content: Buffer;
  readonly title?: string;
}

let folder: string;
let registry: OciRegistry;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-layouts-'));
  registry = await startOciRegistry(folder);
}, 600_000);
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const describeLayer = ({ mediaType, content, title }: Layer) => ({
  mediaType,
  digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
  size: content.length,
  ...(title ? { annotations: { [TITLE]: title } } : {}),
});

/** Pushes layers as another tool would, and fetches them as a bundle. */
async function roundTrip(tag: string, layers: readonly Layer[], configType = 'application/vnd.oci.empty.v1+json') {
  const reference = parseOciReference(`${registry.host}/acme/layouts:${tag}`);
  const credentials = readDockerConfig(registry.dockerConfig, registry.host) ?? undefined;
  const transport = { guard: trustEveryAddress(false), caBundle: registry.authority };
  const repository = openRepository(reference, { ...transport, credentials });
  const config = { mediaType: configType, content: Buffer.from('{}') };
  for (const { content } of [config, ...layers]) await repository.putBlob(content);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = { schemaVersion: 2, mediaType, config: describeLayer(config), layers: layers.map(describeLayer) };
  await repository.putManifest(tag, Buffer.from(JSON.stringify(manifest)));
  return fetchBundle({ kind: 'oci', reference, credentials }, {}, transport);
}

describe('a bundle in a registry', () => {
  it('is read as oras push lays out a tar.gz', async () => {
    const content = await writeArchive(new Map([['policy.rego', REGO]]));
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', content, title: 'bundle.tar.gz' };
    const fetched = await roundTrip('oras', [layer]);
    expect(fetched).toMatchObject({ bundle: { modules: { 'policy.rego': 'package approval\n' } } });
  });

  it('is read as conftest push lays out a file a layer', async () => {
    const type = 'application/vnd.cncf.openpolicyagent';
    const layers = [
      { mediaType: `${type}.policy.layer.v1+rego`, content: REGO, title: 'policy/policy.rego' },
      { mediaType: `${type}.data.layer.v1+json`, content: Buffer.from('{"a": 1}'), title: 'policy/data.json' },
    ];
    const fetched = await roundTrip('conftest', layers, `${type}.config.v1+json`);
    const expected = { modules: { 'policy/policy.rego': 'package approval\n' }, data: { policy: { a: 1 } } };
    expect(fetched).toMatchObject({ bundle: expected });
  });

  it.each(['../policy.rego', '/etc/passwd', 'a//b.rego', ''])('with the file name %j is refused', async (title) => {
    const layer = { mediaType: 'text/plain', content: REGO, title };
    await expect(roundTrip('names', [layer])).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('that is larger than a bundle may be is refused before its layer is asked for', async () => {
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', content: Buffer.alloc(9 * 2 ** 20) };
    await expect(roundTrip('large', [layer])).rejects.toMatchObject({ code: 'too-large' });
  });
});
