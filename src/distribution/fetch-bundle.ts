import type { KeyObject } from 'node:crypto';
import { ARCHIVE_LIMITS } from './archive-limits.ts';
import { type Bundle, readBundle } from './bundle.ts';
import { BundleError } from './bundle-error.ts';
import { type BundleSignatureCheck, verifyBundleSignature } from './bundle-signature.ts';
import { verifyCosign } from './cosign-signature.ts';
import { sendHttp, type Transport } from './http-request.ts';
import { findOciBundle, readCosignSignatures, readOciBundle } from './oci-bundle.ts';
import type { OciReference } from './oci-reference.ts';
import { openRepository, sha256Of } from './oci-registry.ts';
import { type BundleFiles, readArchive } from './read-archive.ts';
import { type Credentials, renderAuthorization } from './registry-login.ts';

/** Where a bundle comes from. */
export type BundleSource =
  | { readonly kind: 'oci'; readonly reference: OciReference; readonly credentials?: Credentials | undefined }
  | { readonly kind: 'http'; readonly url: URL; readonly credentials?: Credentials | undefined }
  /** At hand already, as the content of a ConfigMap is: one archive, or the files themselves. */
  | { readonly kind: 'archive'; readonly bytes: Buffer }
  | { readonly kind: 'files'; readonly files: BundleFiles };

/** What makes a bundle one that is believed: all that is given must hold. */
export interface BundleChecks {
  /** Of the manifest in a registry, else of the bundle's bytes. */
  readonly digest?: string | undefined;
  /** OPA's signature within the bundle. */
  readonly bundle?: BundleSignatureCheck | undefined;
  /** Keys of cosign signatures beside it in the registry. */
  readonly cosign?: readonly KeyObject[] | undefined;
}

/** What names the state of a bundle that was fetched before. */
export interface BundleState {
  readonly digest: string;
  readonly etag?: string | undefined;
}

export type FetchedBundle =
  /** It is still what `known` says. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'fetched'; readonly bundle: Bundle; readonly files: BundleFiles; readonly state: BundleState };

/**
 * Fetches a bundle and checks it; nothing of it is read as a policy before every check has held.
 *
 * @param known what an earlier fetch with the same checks gave
 * @throws BundleError
 */
export async function fetchBundle(
  source: BundleSource,
  checks: BundleChecks,
  transport: Transport,
  known?: BundleState,
): Promise<FetchedBundle> {
  switch (source.kind) {
    case 'oci':
      return fetchOci(source, checks, transport, known);
    case 'http':
      return fetchHttp(source, checks, transport, known);
    case 'archive':
      return readAndAccept(source.bytes, { digest: sha256Of(source.bytes) }, checks, known);
    case 'files':
      return accept(source.files, { digest: digestOfFiles(source.files) }, checks, known);
  }
}

async function fetchOci(
  { reference, credentials }: BundleSource & { kind: 'oci' },
  checks: BundleChecks,
  transport: Transport,
  known: BundleState | undefined,
): Promise<FetchedBundle> {
  const repository = openRepository(reference, { ...transport, credentials });
  const pinned = { ...reference, digest: checks.digest ?? reference.digest };
  const found = await findOciBundle(repository, pinned);
  if (found.digest === known?.digest) return { kind: 'unchanged' };
  if (checks.cosign) verifyCosign(found.digest, await readCosignSignatures(repository, found.digest), checks.cosign);
  return accept(await readOciBundle(repository, found), { digest: found.digest }, checks, known);
}

async function fetchHttp(
  { url, credentials }: BundleSource & { kind: 'http' },
  checks: BundleChecks,
  transport: Transport,
  known: BundleState | undefined,
): Promise<FetchedBundle> {
  const headers = {
    ...(credentials ? { authorization: renderAuthorization(credentials) } : {}),
    ...(known?.etag ? { 'if-none-match': known.etag } : {}),
  };
  const {
    status,
    body,
    headers: answered,
  } = await sendHttp({ url, headers, maxBytes: ARCHIVE_LIMITS.packedBytes }, transport);
  if (status === 304 && known) return { kind: 'unchanged' };
  if (status === 401 || status === 403)
    throw new BundleError('unauthorized', `${url.host} refuses the request (HTTP ${status}): see auth.secretRef`);
  if (status === 404) throw new BundleError('not-found', `${url.host} has no ${url.pathname}`);
  if (status !== 200) throw new BundleError('unreachable', `${url.host} answers with HTTP ${status}`);
  const state = { digest: sha256Of(body), etag: answered.etag };
  return readAndAccept(body, state, checks, known);
}

/** The digest is compared before anything is unpacked. */
async function readAndAccept(
  bytes: Buffer,
  state: BundleState,
  checks: BundleChecks,
  known?: BundleState,
): Promise<FetchedBundle> {
  requireDigest(state, checks);
  if (state.digest === known?.digest) return { kind: 'unchanged' };
  return accept(await readArchive(bytes), state, checks);
}

async function accept(
  files: BundleFiles,
  state: BundleState,
  checks: BundleChecks,
  known?: BundleState,
): Promise<FetchedBundle> {
  requireDigest(state, checks);
  if (state.digest === known?.digest) return { kind: 'unchanged' };
  if (checks.bundle) await verifyBundleSignature(files, checks.bundle);
  return { kind: 'fetched', bundle: readBundle(files), files, state };
}

function requireDigest({ digest: found }: BundleState, { digest }: BundleChecks): void {
  if (digest !== undefined && digest !== found)
    throw new BundleError('digest-mismatch', `the bundle is ${found}, and the policy names ${digest}`);
}

function digestOfFiles(files: BundleFiles): string {
  const sums = [...files]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, bytes]) => [path, sha256Of(bytes)]);
  return sha256Of(Buffer.from(JSON.stringify(sums)));
}
