// Runs a TypeScript entry of this repository on a machine that has nothing but a Node of any age:
//   node src/dev/bootstrap.mjs ENTRY [ARGUMENT ...]
// Installs the locked packages where they are missing or older than the lock file, then hands over to the current
// Node that npm's `node` package brought. Plain JavaScript without packages: it runs before either exists.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.assent-lock-digest');
const node = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

installPackages();
runEntry();

function installPackages() {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (installed === digest && existsSync(node)) return;
  console.error('Installing the locked npm packages (npm ci) …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0)
    fail(
      'npm ci failed; its message is above. Check that the npm registry can be reached, then run the command again.',
    );
  if (!existsSync(node))
    fail(
      'npm did not install its `node` package. Allow its install script (npm install-scripts approve node), then run the command again.',
    );
  writeFileSync(stamp, digest);
}

function runEntry() {
  const [entry, ...rest] = process.argv.slice(2);
  if (!entry) fail('usage: node src/dev/bootstrap.mjs ENTRY [ARGUMENT ...]');
  const path = [dirname(node), join(modules, '.bin'), process.env.PATH].join(process.platform === 'win32' ? ';' : ':');
  // The channel breaks when this process is killed: the entry then knows that nobody waits for it any more.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
  const child = spawn(node, [join(root, entry), ...rest], { stdio, env: { ...process.env, PATH: path } });
  // Ctrl-C reaches the child through the terminal; this process only waits for it to clean up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event) whenGone(findNpm(), () => child.kill());
  child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)));
}

// An npm that was killed tells nobody. Between it and this process stands the shell that runs the script.
function findNpm() {
  const ps = spawnSync('ps', ['-o', 'ppid=,comm=', '-p', String(process.ppid)], { encoding: 'utf8' });
  const [parent, command] = (ps.stdout ?? '').trim().split(/\s+/);
  return command && /sh$/.test(command) ? Number(parent) : process.ppid;
}

function whenGone(pid, act) {
  const look = () => {
    try {
      process.kill(pid, 0);
    } catch {
      act();
    }
  };
  setInterval(look, 500).unref();
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
