import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { ARCHIVE_LIMITS } from './archive-limits.ts';
import { BundleError } from './bundle-error.ts';
import {
  COSIGN_SIGNATURE,
  type CosignSignature,
  cosignTag,
  parseSigstoreBundle,
  parseSimpleSigning,
  SIGSTORE_BUNDLE,
  SIMPLE_SIGNING,
  signCosign,
} from './cosign-signature.ts';
import type { OciReference } from './oci-reference.ts';
import { OCI_MANIFEST, type OciRepository, sha256Of } from './oci-registry.ts';
import { type BundleFiles, isGzip, readArchive } from './read-archive.ts';

/** What `opa` pushes and pulls. */
const BUNDLE_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const TITLE = 'org.opencontainers.image.title';
const SIGNATURES = 32;
const SIGNATURE_BYTES = 2 ** 16;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Descriptor = z.object({
  mediaType: z.string(),
  digest: Digest,
  size: z.number().int().min(0),
  annotations: z.record(z.string(), z.string()).default({}),
});
type Descriptor = z.infer<typeof Descriptor>;
const Manifest = z.object({ layers: z.array(Descriptor).min(1) });

/** A bundle's manifest: its digest is what a policy names, and what cosign signs. */
export interface OciBundle {
  readonly digest: string;
  readonly layers: readonly Descriptor[];
}

/** @throws BundleError; `not-found` where there is no such tag or digest */
export async function findOciBundle(repository: OciRepository, reference: OciReference): Promise<OciBundle> {
  const name = reference.digest ?? reference.tag ?? 'latest';
  const found = await repository.getManifest(name);
  if (!found)
    throw new BundleError('not-found', `${reference.registry}/${reference.repository} has no tag or digest ${name}`);
  const manifest = parseManifest(found.bytes);
  if (!manifest)
    throw new BundleError(
      'unsupported',
      `${name} is no manifest with layers; of an index, name one manifest by digest`,
    );
  return { digest: found.digest, layers: manifest.layers };
}

/**
 * Reads the files of a bundle: one tar.gz, as `opa` and `oras push bundle.tar.gz` make it, or one layer a file, as
 * `conftest push` does.
 *
 * @throws BundleError
 */
export async function readOciBundle(repository: OciRepository, { layers }: OciBundle): Promise<BundleFiles> {
  const total = layers.reduce((bytes, { size }) => bytes + size, 0);
  if (total > ARCHIVE_LIMITS.packedBytes || layers.length > ARCHIVE_LIMITS.files)
    throw new BundleError(
      'too-large',
      `its layers have ${total} bytes; a bundle has ${ARCHIVE_LIMITS.packedBytes} at most`,
    );
  const [archive] = layers.filter(({ mediaType }) => mediaType === BUNDLE_LAYER);
  if (archive) return readArchive(await repository.getBlob(archive.digest, archive.size));
  const files = new Map<string, Buffer>();
  for (const { digest, size, annotations } of layers) {
    const bytes = await repository.getBlob(digest, size);
    if (layers.length === 1 && isGzip(bytes)) return readArchive(bytes);
    const title = annotations[TITLE] ?? '';
    if (!isPath(title) || files.has(title))
      throw new BundleError('unsupported', `layer ${digest} is no tar.gz, and has no file name of its own`);
    files.set(title, bytes);
  }
  return files;
}

/** @returns what cosign keeps beside the manifest, of old and of new; nothing where nobody signed it */
export async function readCosignSignatures(
  repository: OciRepository,
  manifestDigest: string,
): Promise<readonly CosignSignature[]> {
  const layers = await readSignatureLayers(repository, manifestDigest);
  const tagged = layers.slice(0, SIGNATURES).map(async ({ digest, annotations }) => {
    return parseSimpleSigning(await repository.getBlob(digest, SIGNATURE_BYTES), annotations[COSIGN_SIGNATURE] ?? '');
  });
  const referrers = (await repository.getReferrers(manifestDigest)).slice(0, SIGNATURES);
  const referring = referrers.map(async (digest) => {
    const manifest = await repository.getManifest(digest);
    const { layers: referred = [] } = (manifest && parseManifest(manifest.bytes)) ?? {};
    // Not by the type that the registry tells of it: cosign's own tag does not have it.
    const layer = referred.find(({ mediaType }) => mediaType === SIGSTORE_BUNDLE);
    return layer ? parseSigstoreBundle(await repository.getBlob(layer.digest, SIGNATURE_BYTES)) : [];
  });
  return (await Promise.all([...tagged, ...referring])).flat();
}

/** @returns the digest of the manifest, which the same bytes always have */
export async function pushBundle(repository: OciRepository, tag: string, archive: Uint8Array): Promise<string> {
  const layer = { mediaType: BUNDLE_LAYER, digest: sha256Of(archive), size: archive.length, annotations: {} };
  await repository.putBlob(archive);
  return pushManifest(repository, tag, [layer]);
}

/** Signs as `cosign sign --key` does; earlier signatures stay. */
export async function pushCosignSignature(
  repository: OciRepository,
  { registry, repository: name }: OciReference,
  manifestDigest: string,
  key: KeyObject,
): Promise<void> {
  const { payload, signature } = signCosign(manifestDigest, `${registry}/${name}`, key);
  await repository.putBlob(payload);
  const layer = {
    mediaType: SIMPLE_SIGNING,
    digest: sha256Of(payload),
    size: payload.length,
    annotations: { [COSIGN_SIGNATURE]: signature },
  };
  const before = await readSignatureLayers(repository, manifestDigest);
  await pushManifest(repository, cosignTag(manifestDigest), [...before, layer]);
}

async function readSignatureLayers(repository: OciRepository, manifestDigest: string): Promise<readonly Descriptor[]> {
  const found = await repository.getManifest(cosignTag(manifestDigest));
  const { layers = [] } = (found && parseManifest(found.bytes)) ?? {};
  return layers.filter(({ mediaType }) => mediaType === SIMPLE_SIGNING);
}

async function pushManifest(repository: OciRepository, tag: string, layers: readonly Descriptor[]): Promise<string> {
  // What an image's configuration must have, of layers that are no file system.
  const config = Buffer.from(
    JSON.stringify({
      architecture: '',
      os: '',
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  );
  await repository.putBlob(config);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: CONFIG, digest: sha256Of(config), size: config.length },
    layers,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await repository.putManifest(tag, bytes);
  return sha256Of(bytes);
}

function isPath(title: string): boolean {
  return title.split('/').every((segment) => /^[\w.-]+$/.test(segment) && segment !== '.' && segment !== '..');
}

function parseManifest(bytes: Buffer): z.infer<typeof Manifest> | undefined {
  try {
    return Manifest.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
