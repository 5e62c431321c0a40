import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/**
 * Builds the JavaScript that the package and the image hold: what is measured of memory is that, for Node's own compiler
 * of TypeScript would add its own.
 *
 * @returns the path of `assent`
 */
export function buildTheProgram(): string {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('npm run build failed: see above');
  return join(root, 'dist', 'cli', 'main.js');
}
