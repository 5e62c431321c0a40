/**
 * The address of a worker's entry beside the calling module: `.ts` in a checkout, `.js` in a published build, whose
 * compiler rewrites import specifiers but no URLs.
 */
export function workerUrl(name: string, moduleUrl: string): URL {
  return new URL(`./${name}${moduleUrl.endsWith('.ts') ? '.ts' : '.js'}`, moduleUrl);
}
