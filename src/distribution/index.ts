export { type AddressGuard, type AllowedHost, createAddressGuard, parseAllowedHost } from './address-guard.ts';
export { type Bundle, mergeData } from './bundle.ts';
export { BundleError, type BundleErrorCode } from './bundle-error.ts';
export { signBundle, verifyBundleSignature } from './bundle-signature.ts';
export { readCredentials, readDockerConfig } from './credentials.ts';
export {
  type BundleChecks,
  type BundleSource,
  type BundleState,
  type FetchedBundle,
  fetchBundle,
} from './fetch-bundle.ts';
export type { Transport } from './http-request.ts';
export { parseOciReference } from './oci-reference.ts';
export { type BundleFiles, readArchive } from './read-archive.ts';
export type { Credentials } from './registry-login.ts';
export { parsePublicKey } from './signature-keys.ts';
export { writeArchive } from './write-archive.ts';
