// `npm test`: every check in turn, each with its time; ends with the runner's own count.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  ensureCompiler,
  ensureControlPlane,
  ensureFlux,
  ensureGitopsHealth,
  ensureHelm,
  ensureMlflow,
} from './index.ts';
import { testCompilerInGo } from './rego-compiler-tests.ts';

const root = join(import.meta.dirname, '..', '..');
const report = join(root, '.assent', 'test-report.json');
mkdirSync(join(root, '.assent'), { recursive: true });

const bin = (name: string) => join(root, 'node_modules', '.bin', name);

await check('type check', bin('tsc'), ['-p', '.']);
await check('format and lint', bin('biome'), ['ci', '--error-on-warnings', '.']);
await check('unused exports', bin('knip'), []);
await check('generated files', process.execPath, ['src/dev/generate.ts', '--check']);
await step('Rego compiler', () => ensureCompiler(console.log));
await step('Go tests', () => testCompilerInGo(console.log));
await step('local control plane', () => ensureControlPlane(console.log));
await step('Helm', () => ensureHelm(console.log));
await step('Flux', () => ensureFlux(console.log));
await step('MLflow', () => ensureMlflow(console.log));
await step('kstatus and Lua', () => ensureGitopsHealth(console.log));
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

function check(name: string, command: string, args: readonly string[]): Promise<void> {
  return step(name, () => {
    if (!run(command, args)) throw new Error('see above');
  });
}

async function step(name: string, action: () => unknown): Promise<void> {
  const startedAt = performance.now();
  console.log(`== ${name}`);
  try {
    await action();
  } catch (error) {
    console.error(`${name} failed: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
  console.log(`   ok, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
}
