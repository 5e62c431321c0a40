import { copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, digestOf } from './build-cache.ts';
import { DevError } from './dev-error.ts';
import { goBuild } from './go-build.ts';
import { runGo } from './go-command.ts';
import { hostTarget } from './host-target.ts';
import type { Report } from './progress.ts';
import { repositoryRoot } from './repository.ts';

const CONTROLLER = 'github.com/fluxcd/kustomize-controller';
const SOURCES = 'github.com/fluxcd/source-controller';
const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];

/** Paths of what runs Flux without a cluster's registry. */
export interface FluxParts {
  readonly controller: string;
  /** The CRDs of Kustomization and of the sources. */
  readonly crds: readonly string[];
}

/**
 * Builds Flux's kustomize-controller in the version of test/gitops/flux/go.mod, and takes the CRDs that it works with
 * from the modules that hold them; once for all checkouts of this user.
 *
 * @throws DevError that says what is missing or what Go said
 */
export async function ensureFlux(report: Report = console.error): Promise<FluxParts> {
  const module = join(repositoryRoot, 'test', 'gitops', 'flux');
  const goMod = await readFile(join(module, 'go.mod'), 'utf8');
  const env = { ...hostTarget(), CGO_ENABLED: '0' };
  const digest = digestOf([goMod, await readFile(join(module, 'go.sum')), JSON.stringify({ FLAGS, env, CRDS })]);
  const folder = await cached('flux', digest, async (output) => {
    const build = {
      title: "Flux's kustomize-controller",
      coldDuration: 'about 3 minutes on 2 cores',
      withoutGo: 'Only the tests of GitOps need it.',
      env,
    };
    const program = { flags: FLAGS, output: join(output, 'kustomize-controller'), packages: [CONTROLLER] };
    await goBuild({ ...build, folder: module, ...program }, report);
    // source-controller is not built, so its module is fetched on its own; the checksum database vouches for it.
    const sources = `${SOURCES}@${versionOf(goMod, `${SOURCES}/api`)}`;
    const fetching = { ...build, title: "Fetching Flux's CRDs", coldDuration: 'some seconds', folder: module };
    const cache = { ...env, GOMODCACHE: join(output, 'modules'), GOFLAGS: '-modcacherw' };
    for (const fetched of [sources, `${CONTROLLER}@${versionOf(goMod, CONTROLLER)}`])
      await runGo({ ...fetching, env: cache, args: ['mod', 'download', fetched] }, report);
    await copyCrds(output, goMod);
  });
  return { controller: join(folder, 'kustomize-controller'), crds: CRDS.map((name) => join(folder, name)) };
}

/** The controller watches every kind of source, whichever of them are used. */
const SOURCE_CRDS = ['buckets', 'externalartifacts', 'gitrepositories', 'ocirepositories'].map(
  (plural) => `source.toolkit.fluxcd.io_${plural}.yaml`,
);
const KUSTOMIZATION_CRD = 'kustomize.toolkit.fluxcd.io_kustomizations.yaml';
const CRDS = [KUSTOMIZATION_CRD, ...SOURCE_CRDS];

async function copyCrds(output: string, goMod: string): Promise<void> {
  for (const name of CRDS) {
    const module = name === KUSTOMIZATION_CRD ? CONTROLLER : SOURCES;
    const version = versionOf(goMod, name === KUSTOMIZATION_CRD ? CONTROLLER : `${SOURCES}/api`);
    const folder = join(output, 'modules', `${module}@${version}`, 'config', 'crd', 'bases');
    await copyFile(join(folder, name), join(output, name));
  }
  await rm(join(output, 'modules'), { recursive: true });
}

function versionOf(goMod: string, module: string): string {
  const version = goMod.match(new RegExp(`^\\s*${module.replaceAll('.', '\\.')} (v\\S+)`, 'm'))?.[1];
  if (version === undefined)
    throw new DevError('BuildFailed', `test/gitops/flux/go.mod names no version of ${module}.`);
  return version;
}
