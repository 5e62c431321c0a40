// The tests of policies/, each a test of its own, in the runtime that decides; `assent policy test policies` runs them too.
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkPolicy } from '../src/cli/policy/check-policy.ts';
import { loadSources } from '../src/cli/policy/policy-source.ts';
import { testPolicy } from '../src/cli/policy/test-policy.ts';
import { ensureCompiler, repositoryRoot } from '../src/dev/index.ts';
import { createCompiler, createEvaluator } from '../src/rego/index.ts';

const reactor = await ensureCompiler();
const compiler = createCompiler({ reactor, cacheFolder: join(repositoryRoot, '.assent', 'policies') });
const evaluator = createEvaluator({ reactor, threads: 1 });
const dispose = async () => {
  await Promise.all([compiler[Symbol.asyncDispose](), evaluator[Symbol.asyncDispose]()]);
};
afterAll(dispose);

for (const source of loadSources([join(repositoryRoot, 'policies')])) {
  const { tests } = await testPolicy(source, null, { compiler, evaluator, [Symbol.asyncDispose]: dispose });
  describe(`policies/${source.policy.metadata.name}`, () => {
    test('has tests', () => {
      expect(tests.map(({ kind }) => kind)).toContain('rego');
    });
    test('has no problem, not even a warning', async () => {
      expect(await checkPolicy(source, compiler)).toEqual([]);
    });
    for (const { name, file, line, passed, problems } of tests) {
      test(name, () => {
        expect(passed, `${file}:${line}: ${problems.join('; ')}`).toBe(true);
      });
    }
    test.for(Object.entries({ ...source.modules, ...source.tests }))(
      '$0 is formatted as `opa fmt` does',
      async ([file, text]) => {
        expect(await compiler.format(file, text)).toEqual({ kind: 'formatted', source: text });
      },
    );
  });
}
