// `npm run kind:up`, `kind:test`, `kind:down`: a cluster in Docker, and the end-to-end tests against it.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DevError } from './dev-error.ts';
import { findOnPath } from './find-on-path.ts';
import { ensureKind } from './kind-binary.ts';
import { controlPlaneFolder, repositoryRoot } from './repository.ts';

const CLUSTER = 'assent';
const folder = join(controlPlaneFolder, 'kind');
const kubeconfig = join(folder, 'kubeconfig');

const commands: Readonly<Record<string, (kind: string) => number>> = { up, test, down };
const command = commands[process.argv[2] ?? ''];

if (command === undefined) {
  console.error('usage: node src/dev/bootstrap.mjs src/dev/kind.ts up|test|down');
  process.exitCode = 2;
} else {
  try {
    requireDocker();
    process.exitCode = command(findOnPath('kind') ?? (await ensureKind()));
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function up(kind: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config = join(repositoryRoot, 'test', 'kind', 'cluster.yaml');
  const status = exists(kind)
    ? run(kind, ['export', 'kubeconfig', '--name', CLUSTER, '--kubeconfig', kubeconfig])
    : run(kind, ['create', 'cluster', '--config', config, '--kubeconfig', kubeconfig, '--wait', '180s']);
  if (status === 0) console.log(`The cluster is up:\n  export KUBECONFIG=${kubeconfig}\n  npm run kind:test`);
  return status;
}

function test(kind: string): number {
  if (!exists(kind)) throw new DevError('NotStarted', 'There is no cluster yet: run `npm run kind:up` first.');
  const vitest = join(repositoryRoot, 'node_modules', '.bin', 'vitest');
  return run(vitest, ['run', '--project', 'e2e', ...process.argv.slice(3)], { ASSENT_E2E_KUBECONFIG: kubeconfig });
}

function down(kind: string): number {
  return run(kind, ['delete', 'cluster', '--name', CLUSTER, '--kubeconfig', kubeconfig]);
}

function exists(kind: string): boolean {
  const { stdout } = spawnSync(kind, ['get', 'clusters'], { encoding: 'utf8' });
  return stdout.split('\n').includes(CLUSTER);
}

// kind speaks to podman and nerdctl as well, where the user has told it to: then it is for kind to complain.
function requireDocker(): void {
  if (process.env.KIND_EXPERIMENTAL_PROVIDER) return;
  if (findOnPath('docker') === undefined)
    throw new DevError(
      'ToolMissing',
      'kind needs Docker, and there is no `docker` on the PATH. Install it: https://docs.docker.com/get-docker/',
    );
  const { status, stderr } = spawnSync('docker', ['info'], { encoding: 'utf8' });
  if (status !== 0)
    throw new DevError('ToolMissing', `kind needs Docker, and its daemon does not answer. Start it.\n${stderr.trim()}`);
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): number {
  return (
    spawnSync(program, args, { cwd: repositoryRoot, stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1
  );
}
