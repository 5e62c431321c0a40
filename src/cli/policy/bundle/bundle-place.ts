/** @returns whether it is a bundle, and not a manifest, a module or a folder. */
export function isBundlePlace(place: string): boolean {
  return /^(oci|https?):\/\//.test(place) || /\.(tar\.gz|tgz)$/.test(place);
}
