import { BundleError } from './bundle-error.ts';

/** Which manifest of which registry. */
export interface OciReference {
  /** `HOST` or `HOST:PORT`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:…` of the manifest; it counts where there is a tag as well. */
  readonly digest: string | undefined;
}

const REFERENCE =
  /^(?:oci:\/\/)?(?<registry>[a-zA-Z0-9.-]+(?::[0-9]{1,5})?|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?)\/(?<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/**
 * @param text `HOST/REPOSITORY:TAG` or `HOST/REPOSITORY@sha256:…`, with `oci://` before it or not
 * @throws BundleError `invalid`
 */
export function parseOciReference(text: string): OciReference {
  const { registry = '', repository = '', tag, digest } = REFERENCE.exec(text)?.groups ?? {};
  // As Docker tells a host from the first part of a name on its own registry.
  if (!/[.:]/.test(registry) && registry !== 'localhost')
    throw new BundleError(
      'invalid',
      `${text} is no reference: write HOST/REPOSITORY:TAG, such as ghcr.io/acme/policies:1`,
    );
  return { registry, repository, digest, tag: tag ?? (digest ? undefined : 'latest') };
}
