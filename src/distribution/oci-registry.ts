import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BundleError } from './bundle-error.ts';
import { type HttpAnswer, type HttpRequest, sendHttp, type Transport } from './http-request.ts';
import type { OciReference } from './oci-reference.ts';
import { answerChallenge, type Credentials } from './registry-login.ts';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
/** An index is no bundle; it is asked for so that this can be told. */
const ACCEPTED = [
  OCI_MANIFEST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');
const Index = z.object({ manifests: z.array(z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) })) });
const MANIFEST_BYTES = 2 ** 20;
const ERROR_BYTES = 2 ** 16;

export interface OciRegistryOptions extends Transport {
  readonly credentials?: Credentials | undefined;
}

/** One repository of a registry (https://github.com/opencontainers/distribution-spec/blob/main/spec.md). */
export interface OciRepository {
  /**
   * @param reference a tag or a digest; what comes for a digest is checked against it
   * @returns null where there is none
   */
  getManifest(reference: string): Promise<{ readonly bytes: Buffer; readonly digest: string } | null>;
  /** @returns the digests of the manifests that say they belong to this one */
  getReferrers(digest: string): Promise<readonly string[]>;
  /** What comes is checked against the digest. */
  getBlob(digest: string, maxBytes: number): Promise<Buffer>;
  /** Does nothing where the registry has it. */
  putBlob(bytes: Uint8Array): Promise<void>;
  putManifest(reference: string, bytes: Uint8Array): Promise<void>;
}

/** Each method throws BundleError. It logs in where the registry asks for it, and only then. */
export function openRepository(
  { registry, repository }: Pick<OciReference, 'registry' | 'repository'>,
  options: OciRegistryOptions,
): OciRepository {
  const scheme = options.guard.isWithoutTls(registry) ? 'http' : 'https';
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const base = `${scheme}://${host}/v2/${repository}/`;
  let authorization: string | undefined;

  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    const withLogin = (): HttpRequest =>
      authorization ? { ...request, headers: { ...request.headers, authorization } } : request;
    const answer = await sendHttp(withLogin(), options);
    if (answer.status !== 401) return answer;
    const challenge = answer.headers['www-authenticate'] ?? '';
    const answered = await answerChallenge(challenge, { registry, ...options });
    if (answered === null || answered === authorization) return answer;
    authorization = answered;
    return sendHttp(withLogin(), options);
  };

  const getManifest: OciRepository['getManifest'] = async (reference) => {
    const url = new URL(`manifests/${reference}`, base);
    const answer = await send({ url, headers: { accept: ACCEPTED }, maxBytes: MANIFEST_BYTES });
    if (answer.status === 404) return null;
    requireStatus(answer, url, options, 200);
    const digest = sha256Of(answer.body);
    if (reference.includes(':') && reference !== digest) throw mismatch(url, reference, digest);
    return { bytes: answer.body, digest };
  };

  return {
    getManifest,
    async getReferrers(digest) {
      const url = new URL(`referrers/${digest}`, base);
      const answer = await send({ url, headers: { accept: OCI_INDEX }, maxBytes: MANIFEST_BYTES });
      // A registry that does not keep them itself: who pushes writes them under a tag.
      const index = answer.status === 200 ? answer.body : (await getManifest(digest.replace(':', '-')))?.bytes;
      const { manifests = [] } = (index && parseIndex(index)) ?? {};
      return manifests.map(({ digest: referrer }) => referrer);
    },
    async getBlob(digest, maxBytes) {
      const url = new URL(`blobs/${digest}`, base);
      // Registries keep blobs elsewhere; what comes from there is checked all the same.
      const answer = await send({ url, maxBytes, followElsewhere: true });
      requireStatus(answer, url, options, 200);
      const found = sha256Of(answer.body);
      if (found !== digest) throw mismatch(url, digest, found);
      return answer.body;
    },
    async putBlob(bytes) {
      const digest = sha256Of(bytes);
      const there = await send({ method: 'HEAD', url: new URL(`blobs/${digest}`, base), maxBytes: 0 });
      if (there.status === 200) return;
      const uploads = new URL('blobs/uploads/', base);
      const started = await send({ method: 'POST', url: uploads, maxBytes: ERROR_BYTES });
      requireStatus(started, uploads, options, 202);
      const location = URL.parse(started.headers.location ?? '', base);
      if (location?.origin !== new URL(base).origin)
        throw new BundleError('address-refused', `${host} wants the upload to go to ${location?.origin ?? 'nowhere'}`);
      location.searchParams.set('digest', digest);
      const headers = { 'content-type': 'application/octet-stream' };
      const answer = await send({ method: 'PUT', url: location, headers, body: bytes, maxBytes: ERROR_BYTES });
      requireStatus(answer, location, options, 201);
    },
    async putManifest(reference, bytes) {
      const url = new URL(`manifests/${reference}`, base);
      const headers = { 'content-type': OCI_MANIFEST };
      const answer = await send({ method: 'PUT', url, headers, body: bytes, maxBytes: ERROR_BYTES });
      requireStatus(answer, url, options, 201);
    },
  };
}

function parseIndex(bytes: Buffer): z.infer<typeof Index> | undefined {
  try {
    return Index.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function requireStatus({ status }: HttpAnswer, url: URL, { credentials }: OciRegistryOptions, expected: number): void {
  if (status === expected) return;
  if (status === 401 || status === 403) {
    const why = credentials
      ? 'refuses these credentials'
      : 'asks for credentials: a policy names them in auth.secretRef, the command line takes those of docker login';
    throw new BundleError('unauthorized', `${url.host} ${why} (${url.pathname}: HTTP ${status})`);
  }
  if (status === 404) throw new BundleError('not-found', `${url.host} has no ${url.pathname}`);
  throw new BundleError('unreachable', `${url.host} answers ${url.pathname} with HTTP ${status}`);
}

function mismatch({ host, pathname }: URL, wanted: string, found: string): BundleError {
  return new BundleError('digest-mismatch', `${host}${pathname} is ${found}, not ${wanted}: what came is refused`);
}
