import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, digestOf } from './build-cache.ts';
import { DevError } from './dev-error.ts';
import { isExecutable } from './find-on-path.ts';
import { goBuild } from './go-build.ts';
import { hostTarget } from './host-target.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

/** Paths of the programs that make a control plane. */
export interface ControlPlaneBinaries {
  readonly apiServer: string;
  readonly etcd: string;
  readonly kubectl: string;
}

/**
 * The programs of `KUBEBUILDER_ASSETS` where that is set, else those built from control-plane/go.mod, once for all
 * checkouts of this user.
 *
 * @param report takes lines on the progress of a build that lasts
 * @throws DevError that says what is missing or what Go said
 */
export async function ensureControlPlane(report: Report = console.error): Promise<ControlPlaneBinaries> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  return assets ? useAssets(assets) : binariesIn(await buildBinaries(report));
}

function useAssets(folder: string): ControlPlaneBinaries {
  const binaries = binariesIn(folder);
  const missing = Object.values(binaries).filter((path) => !isExecutable(path));
  if (missing.length === 0) return binaries;
  throw new DevError(
    'AssetsIncomplete',
    `KUBEBUILDER_ASSETS is ${folder}, where these programs are missing or not executable: ${missing.join(', ')}. ` +
      'Put them there (`setup-envtest use` does), or unset KUBEBUILDER_ASSETS to have them built with Go.',
  );
}

async function buildBinaries(report: Report): Promise<string> {
  const module = join(repositoryRoot, 'control-plane');
  const goMod = await readFile(join(module, 'go.mod'), 'utf8');
  const flags = ['-trimpath', '-buildvcs=false', `-ldflags=${['-s', '-w', ...versionStamps(goMod)].join(' ')}`];
  // Without C the same sources give the same program whether or not the machine has a C compiler.
  const env = { ...hostTarget(), CGO_ENABLED: '0' };
  const digest = digestOf([goMod, await readFile(join(module, 'go.sum')), JSON.stringify({ flags, env })]);
  return cached('control-plane', digest, async (folder) => {
    await goBuild(
      {
        title: 'kube-apiserver, etcd and kubectl',
        coldDuration: 'about 5 minutes on 2 cores and 100 MB of downloads',
        withoutGo: 'Or set KUBEBUILDER_ASSETS to a folder that holds kube-apiserver, etcd and kubectl.',
        folder: module,
        env,
        flags,
        output: `${folder}/`,
        packages: [
          'k8s.io/kubernetes/cmd/kube-apiserver',
          'k8s.io/kubernetes/cmd/kubectl',
          'go.etcd.io/etcd/server/v3',
        ],
      },
      report,
    );
    await rename(join(folder, 'server'), join(folder, 'etcd'));
  });
}

function binariesIn(folder: string): ControlPlaneBinaries {
  return {
    apiServer: join(folder, 'kube-apiserver'),
    etcd: join(folder, 'etcd'),
    kubectl: join(folder, 'kubectl'),
  };
}

// The variables that Kubernetes' own release build sets (hack/lib/version.sh): without them the server is v0.0.0.
function versionStamps(goMod: string): string[] {
  const version = /^\s*k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/m.exec(goMod);
  if (version === null)
    throw new DevError('BuildFailed', 'control-plane/go.mod names no version of k8s.io/kubernetes.');
  const [, gitVersion, gitMajor, gitMinor] = version;
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((variables) => [
    `-X ${variables}.gitVersion=${gitVersion}`,
    `-X ${variables}.gitMajor=${gitMajor}`,
    `-X ${variables}.gitMinor=${gitMinor}`,
    `-X ${variables}.gitCommit=`,
    `-X ${variables}.gitTreeState=archive`,
  ]);
}
