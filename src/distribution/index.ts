export {
  type AddressGuard,
  type AllowedHost,
  createAddressGuard,
  parseAllowedHost,
  trustEveryAddress,
} from './address-guard.ts';
export { type Bundle, MANIFEST_FILE, mergeData, readBundle, readDataFiles, WASM_FILE } from './bundle.ts';
export { BundleError } from './bundle-error.ts';
export { signBundle } from './bundle-signature.ts';
export { readCredentials, readDockerConfig } from './credentials.ts';
export {
  type BundleChecks,
  type BundleSource,
  type BundleState,
  type FetchedBundle,
  fetchBundle,
} from './fetch-bundle.ts';
export { fetchDocument } from './fetch-document.ts';
export { type Connections, createConnections, type HttpAnswer, sendHttp, type Transport } from './http-request.ts';
export { findOciBundle, pushBundle, pushCosignSignature } from './oci-bundle.ts';
export { type OciReference, parseOciReference } from './oci-reference.ts';
export { type OciRepository, openRepository } from './oci-registry.ts';
export { type BundleFiles, readArchive } from './read-archive.ts';
export { readBounded } from './read-bounded.ts';
export { type Credentials, renderAuthorization } from './registry-login.ts';
export { parsePublicKey } from './signature-keys.ts';
export { writeArchive } from './write-archive.ts';
