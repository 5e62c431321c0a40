import { describe, expect, it } from 'vitest';
import { readBundle } from './bundle.ts';

const REGO = { 'policy.rego': 'package approval' };
const read = (files: Readonly<Record<string, string>>) =>
  readBundle(new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)])));

describe('a bundle', () => {
  it('is Rego without its tests, and data at the places that folders name', () => {
    const bundle = read({
      'a/policy.rego': 'package approval',
      'a/policy_test.rego': 'package approval_test',
      'data.json': '{"parameters": {"threshold": 0.9}}',
      'teams/data.yaml': 'risk: [ann, bo]\n',
      'README.md': 'passed over',
    });
    expect(bundle).toEqual({
      revision: '',
      modules: { 'a/policy.rego': 'package approval' },
      data: { parameters: { threshold: 0.9 }, teams: { risk: ['ann', 'bo'] } },
      wasm: null,
    });
  });

  it.each([
    [{}, 'neither Rego nor policy.wasm'],
    [{ ...REGO, 'data.json': '[1]' }, 'data at the top of a bundle is an object'],
    [
      { ...REGO, 'data.json': '{"a": {"b": 1}}', 'a/data.json': '{"b": 2}' },
      'another data file says already what data.a.b is',
    ],
    [{ ...REGO, 'data.json': '{' }, 'data.json: is no JSON'],
    [{ ...REGO, 'data.json': `{"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}` }, 'more than 256 levels deep'],
    [{ ...REGO, 'data.yaml': `a: ${'['.repeat(100_000)}${']'.repeat(100_000)}` }, 'data.yaml: is no YAML'],
    [{ ...REGO, 'data.yaml': 'a: &a [*a, *a]\nb: [*c]' }, 'data.yaml: is no YAML'],
    [{ ...REGO, '.manifest': '{"roots": ["teams"]}' }, 'roots do not permit approval'],
    [{ ...REGO, '.manifest': '{"roots": ["approval"]}', 'data.json': '{"a": 1}' }, 'roots do not permit data at a'],
    [{ ...REGO, '.manifest': '{"rego_version": 0}' }, 'rego_version must be 1'],
    [{ ...REGO, '.manifest': '{"file_rego_versions": {"/policy.rego": 0}}' }, 'rego_version must be 1'],
    [{ ...REGO, 'sub/.manifest': '{}' }, 'one manifest, at its top'],
    [{ ...REGO, 'patch.json': '{}' }, 'a delta bundle'],
    [{ 'policy.wasm': '' }, 'has the entrypoints none and needs approval alone'],
    [{ 'policy.wasm': '', 'x/policy.wasm': '' }, 'a policy has one policy.wasm'],
  ])('%.60j is refused', (files, message) => {
    expect(() => read(files)).toThrow(message);
  });

  it('takes data within its roots, and names that are no members of an object', () => {
    const manifest = '{"roots": ["approval", "teams/risk"], "revision": "r1"}';
    const { data, revision } = read({
      ...REGO,
      '.manifest': manifest,
      'teams/risk/data.json': '{"__proto__": {"a": 1}}',
    });
    expect(revision).toBe('r1');
    expect(JSON.stringify(data)).toBe('{"teams":{"risk":{"__proto__":{"a":1}}}}');
    expect('a' in {}).toBe(false);
  });
});
