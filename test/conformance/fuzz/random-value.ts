import type { Random } from './random.ts';

/** What an expression may give. Small is how often something may be done; a part is a text that is not empty. */
export type Kind = 'text' | 'part' | 'small' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'set' | 'any';

export const kinds: readonly Kind[] = ['text', 'integer', 'number', 'boolean', 'array', 'object', 'set', 'any'];

const texts: readonly string[] = [
  '',
  'a',
  'ab',
  'b,a,,c',
  'Fraud-7',
  'é😀',
  ' \t x\n',
  'a.b/c',
  '7',
  '-1.50',
  '1e3',
  '10Ki',
  '2h45m',
  '1.2.3',
  'v1.0.0-rc.1+b',
  '2026-01-02T03:04:05.678Z',
  '192.0.2.0/25',
  '192.0.2.77',
  '[a-c]+(b)?',
  '(a+)+$',
  '(',
  '*.example.org',
  '{"a": [1, 2.50]}',
  '%v is %d%%',
  'models:/fraud/7?x=1&y=%C3%A9',
  'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  'YWI=',
  '6162',
  '\\"\u0000',
  'https://example.org:8080/p?q=1#f',
];
const integers: readonly number[] = [-7, -1, 0, 1, 2, 3, 10, 63, 255, 1_700_000_000, 2 ** 31, 2 ** 53 - 1];
const fractions: readonly number[] = [-2.5, -0.1, 0.1, 0.2, 0.5, 0.93, 1.5, 2.675, 100.25, 1e21];

/** @returns a value of JSON; where a set is wanted an array, of which the program makes one. */
export function randomValue(random: Random, kind: Kind, depth = 2): unknown {
  switch (kind) {
    case 'text':
      return random.pick(texts);
    case 'part':
      return random.pick(texts) || 'a';
    case 'small':
      return random.below(12) - 3;
    case 'integer':
      return random.pick(integers);
    case 'number':
      return random.pick(random.chance(0.5) ? integers : fractions);
    case 'boolean':
      return random.chance(0.5);
    case 'array':
    case 'set':
      return Array.from({ length: random.below(4) }, () => randomMember(random, depth));
    case 'object':
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [random.pick(texts), randomMember(random, depth)]),
      );
    case 'any':
      return random.chance(0.1) ? null : randomMember(random, depth);
  }
}

function randomMember(random: Random, depth: number): unknown {
  const scalars: readonly Kind[] = ['text', 'text', 'integer', 'number', 'boolean'];
  return randomValue(random, random.pick(depth > 0 ? [...scalars, 'array', 'object'] : scalars), depth - 1);
}
