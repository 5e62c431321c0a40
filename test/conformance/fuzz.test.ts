// Random programs, in the compiler and the runtime that decide and in OPA's interpreter.
import { expect, test } from 'vitest';
import { ensureCompiler, ensureNativeOpa } from '../../src/dev/index.ts';
import { fuzzedPrograms, rulesPerProgram } from './fuzz/random-program.ts';
import { fuzz } from './fuzz/run-fuzz.ts';

const options = { native: await ensureNativeOpa(), reactor: await ensureCompiler() };

test('random programs give what they give in OPA', { timeout: 120_000 }, async () => {
  const fuzzed = await fuzz({ seed: 20_261, programs: fuzzedPrograms, ...options });
  const failed = fuzzed.flatMap(({ program, verdict }) =>
    verdict.kind === 'failed' ? [`${program.modules['fuzz.rego']}\ninput: ${program.input}\n${verdict.message}`] : [],
  );
  expect(failed).toEqual([]);
  expect(fuzzed).toHaveLength(fuzzedPrograms);
  // Most rules have a value: programs of which nothing comes would be equal, too.
  const results = fuzzed.map(({ results }) => results).reduce((sum, count) => sum + count, 0);
  expect(results).toBeGreaterThan(0.6 * fuzzedPrograms * rulesPerProgram);
});
