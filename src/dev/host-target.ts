import { DevError } from './dev-error.ts';

/**
 * What `go build` is told to build for: this machine. From Node rather than from `go env`: with everything cached no Go
 * is needed, and a GOOS that the user has set for another project gives no programs that cannot run here.
 *
 * @throws DevError where Kubernetes' programs do not run
 */
export function hostTarget(): { GOOS: string; GOARCH: string } {
  const GOARCH = { x64: 'amd64', arm64: 'arm64', ppc64: 'ppc64le', s390x: 's390x' }[process.arch as string];
  if (GOARCH !== undefined && (process.platform === 'linux' || process.platform === 'darwin'))
    return { GOOS: process.platform, GOARCH };
  throw new DevError(
    'PlatformUnsupported',
    `The local control plane runs on Linux and macOS, not on ${process.platform}/${process.arch}. ` +
      'Set ASSENT_E2E_KUBECONFIG to a cluster of yours, or run in WSL 2.',
  );
}
