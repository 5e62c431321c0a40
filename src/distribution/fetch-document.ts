import { BundleError } from './bundle-error.ts';
import { sendHttp, type Transport } from './http-request.ts';
import { parseOciReference } from './oci-reference.ts';
import { openRepository } from './oci-registry.ts';

interface DocumentOptions extends Transport {
  /** A registry finds it by this; whoever asks a server compares it with what came. */
  readonly digest: string;
  readonly maxBytes: number;
}

/**
 * Fetches one small document: from `https://…`, or as a blob of a repository, `oci://HOST/REPOSITORY`.
 *
 * @throws BundleError
 */
export async function fetchDocument(uri: string, options: DocumentOptions): Promise<Uint8Array> {
  const { digest, maxBytes } = options;
  if (uri.startsWith('oci://')) return openRepository(parseOciReference(uri), options).getBlob(digest, maxBytes);
  const url = URL.parse(uri);
  if (!url) throw new BundleError('invalid', `${uri} is no address: write https://HOST/PATH or oci://HOST/REPOSITORY`);
  const { status, body } = await sendHttp({ url, maxBytes }, options);
  if (status === 200) return body;
  throw new BundleError(
    status === 404 ? 'not-found' : 'unreachable',
    `${url.host} answers ${url.pathname} with HTTP ${status}`,
  );
}
