// What the pages on policies show: their Rego compiles as it stands there, and the files that they name are there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ensureCompiler, repositoryRoot } from '../src/dev/index.ts';
import { createCompiler } from '../src/rego/index.ts';

const pages = [
  'README.md',
  'docs/install.md',
  'docs/policies.md',
  'docs/library.md',
  'docs/pipelines.md',
  'docs/gitops.md',
];

const compiler = createCompiler({
  reactor: await ensureCompiler(),
  cacheFolder: join(repositoryRoot, '.assent', 'policies'),
});
afterAll(() => compiler[Symbol.asyncDispose]());

const snippets = pages.flatMap((page) => {
  const text = readFileSync(join(repositoryRoot, page), 'utf8');
  return [...text.matchAll(/^```rego\n(.*?)^```$/gms)].map(({ 1: source = '', index }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    return { place: `${page}:${line}`, source };
  });
});

test.for(snippets)('the Rego at $place compiles', async ({ source }) => {
  const entrypoints = source.startsWith('package approval_test\n') ? ['approval_test'] : ['approval'];
  const module = source.startsWith('package ') ? source : `package approval\n\n${source}`;
  expect(await compiler.compile({ 'snippet.rego': module }, { entrypoints })).toMatchObject({ kind: 'compiled' });
});

const named = pages.flatMap((page) => {
  const text = readFileSync(join(repositoryRoot, page), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => join(dirname(page), link));
  const paths = [...text.matchAll(/\b(?:policies|examples)\/[\w/.-]*\w/g)].map(([path]) => path);
  return [...new Set([...links, ...paths])].map((path) => ({ page, path }));
});

test.for(named)('$page names $path, which is there', ({ path }) => {
  expect(existsSync(join(repositoryRoot, path))).toBe(true);
});
