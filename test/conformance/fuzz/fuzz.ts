// More random programs than `npm test` has time for: node test/conformance/fuzz/fuzz.ts [programs] [seed]
import { ensureCompiler, ensureNativeOpa } from '../../../src/dev/index.ts';
import { rulesPerProgram } from './random-program.ts';
import { fuzz } from './run-fuzz.ts';

const [programs = '2000', seed = '1'] = process.argv.slice(2);
const fuzzed = await fuzz({
  seed: Number(seed),
  programs: Number(programs),
  native: await ensureNativeOpa(),
  reactor: await ensureCompiler(),
});
const failed = fuzzed.flatMap(({ program, verdict }) => (verdict.kind === 'failed' ? [{ program, verdict }] : []));
for (const { program, verdict } of failed)
  console.log(`${program.modules['fuzz.rego']}\ninput: ${program.input}\n${verdict.message}\n`);
const decimal = fuzzed.filter(({ verdict }) => verdict.kind === 'decimal').length;
console.log(
  `${fuzzed.length} programs of ${rulesPerProgram} rules: ${failed.length} differ, ${decimal} only in the last digits of numbers`,
);
process.exitCode = failed.length > 0 ? 1 : 0;
