// The Rego tests of policies/, each a test of its own, in the runtime that decides.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ensureCompiler, repositoryRoot } from '../src/dev/index.ts';
import { createCompiler, createEvaluator, runRegoTests } from '../src/rego/index.ts';

const root = join(repositoryRoot, 'policies');
const library = join(root, 'lib');
const policies = [...foldersOf(root).filter((folder) => folder !== library), ...foldersOf(library)];

const compiler = createCompiler({
  reactor: await ensureCompiler(),
  cacheFolder: join(repositoryRoot, '.assent', 'policies'),
});
const evaluator = createEvaluator({ threads: 1 });
afterAll(() => Promise.all([compiler[Symbol.asyncDispose](), evaluator[Symbol.asyncDispose]()]));

for (const folder of policies) {
  const modules = readModules(folder);
  const run = await runRegoTests(modules, { compiler, evaluator });
  const shown = relative(repositoryRoot, folder);
  describe(shown, () => {
    test('compiles with its tests, and has some', () => {
      expect(run).toEqual({ kind: 'ran', tests: expect.arrayContaining([expect.anything()]) });
    });
    for (const { name: rule, file, line, passed, message } of run.kind === 'ran' ? run.tests : []) {
      test(rule, () => {
        expect(passed, `${shown}/${file}:${line}: ${message}`).toBe(true);
      });
    }
    test.for(Object.entries(modules))('$0 is formatted as `opa fmt` does', async ([file, source]) => {
      expect(await compiler.format(file, source)).toEqual({ kind: 'formatted', source });
    });
  });
}

function foldersOf(parent: string): readonly string[] {
  const entries = readdirSync(parent, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(parent, name));
}

function readModules(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.rego'));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}
