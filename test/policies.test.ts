// The Rego tests of policies/, each a test of its own, in the runtime that decides.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ensureCompiler, repositoryRoot } from '../src/dev/index.ts';
import { createCompiler, createEvaluator, runRegoTests } from '../src/rego/index.ts';

const library = join(repositoryRoot, 'policies');
const policies = readdirSync(library, { withFileTypes: true }).filter((entry) => entry.isDirectory());

const compiler = createCompiler({
  reactor: await ensureCompiler(),
  cacheFolder: join(repositoryRoot, '.assent', 'policies'),
});
const evaluator = createEvaluator({ threads: 1 });
afterAll(() => Promise.all([compiler[Symbol.asyncDispose](), evaluator[Symbol.asyncDispose]()]));

for (const { name } of policies) {
  const run = await runRegoTests(readModules(join(library, name)), { compiler, evaluator });
  describe(`policies/${name}`, () => {
    test('compiles with its tests, and has some', () => {
      expect(run).toEqual({ kind: 'ran', tests: expect.arrayContaining([expect.anything()]) });
    });
    for (const { name: rule, file, line, passed, message } of run.kind === 'ran' ? run.tests : []) {
      test(rule, () => {
        expect(passed, `policies/${name}/${file}:${line}: ${message}`).toBe(true);
      });
    }
  });
}

function readModules(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.rego'));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}
