// `npm test`: every check in turn, each with its time; ends with the runner's own count.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');
const report = join(root, '.assent', 'test-report.json');
mkdirSync(join(root, '.assent'), { recursive: true });

const bin = (name: string) => join(root, 'node_modules', '.bin', name);

check('type check', bin('tsc'), ['-p', '.']);
check('format and lint', bin('biome'), ['ci', '--error-on-warnings', '.']);
check('unused exports', bin('knip'), []);
check('generated files', process.execPath, ['src/dev/generate.ts', '--check']);
const passed = run(bin('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);

const Report = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numPendingTests: z.number() });
const counts = Report.parse(JSON.parse(readFileSync(report, 'utf8')));
console.log(`${counts.numPassedTests} passed, ${counts.numFailedTests} failed, ${counts.numPendingTests} skipped`);
process.exitCode = passed ? 0 : 1;

function check(name: string, command: string, args: readonly string[]): void {
  const startedAt = performance.now();
  console.log(`== ${name}`);
  if (!run(command, args)) {
    console.error(`${name} failed: see above.`);
    process.exit(1);
  }
  console.log(`   ok, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
}
