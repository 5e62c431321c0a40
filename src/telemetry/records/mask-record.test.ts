import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { appendSegment } from '../../api/index.ts';
import { parseMaskPointer } from './mask-pointer.ts';
import { maskRecord } from './mask-record.ts';

const record = {
  kind: 'Decision',
  id: 'sha256:1',
  modelVersion: { name: 'fraud-7' },
  approvals: [{ user: 'alice', reason: 'fine' }, { user: 'bob' }],
  snapshot: { parameters: { 'a/b': 'slash', '~': 'tilde', '': 'empty' }, champion: null },
};
const maskedBy = (...pointers: readonly string[]) => maskRecord(record, pointers.map(parseMaskPointer));

test.each<[string, object, readonly string[]]>([
  ['/snapshot/parameters/a~1b', { parameters: { 'a/b': '[masked]', '~': 'tilde', '': 'empty' } }, []],
  ['/snapshot/parameters/~0', { parameters: { 'a/b': 'slash', '~': '[masked]', '': 'empty' } }, []],
  ['/snapshot/parameters/', { parameters: { 'a/b': 'slash', '~': 'tilde', '': '[masked]' } }, []],
  ['/snapshot/champion', { champion: '[masked]' }, []],
  ['/snapshot/*', { parameters: '[masked]', champion: '[masked]' }, ['/snapshot/parameters', '/snapshot/champion']],
])('%s masks what it points to, and the record tells the place', (pointer, snapshot, places) => {
  expect(maskedBy(pointer)).toEqual({
    ...record,
    snapshot: { ...record.snapshot, ...snapshot },
    masked: places.length > 0 ? places : [pointer],
  });
});

it('an element is meant by its index, and every one by a star', () => {
  const [alice, bob] = record.approvals;
  expect(maskedBy('/approvals/1')).toMatchObject({ approvals: [alice, '[masked]'], masked: ['/approvals/1'] });
  expect(maskedBy('/approvals/*/reason')).toMatchObject({
    approvals: [{ user: 'alice', reason: '[masked]' }, bob],
    masked: ['/approvals/0/reason'],
  });
});

it.each(['/nowhere', '/approvals/2', '/approvals/01', '/approvals/-', '/snapshot/champion/name', '/approvals/length'])(
  'a record in which %s points to nothing is not marked',
  (pointer) => {
    expect(maskedBy(pointer)).toBe(record);
  },
);

describe('a pointer', () => {
  it.each([
    ['', 'begins with a slash'],
    ['snapshot', 'begins with a slash'],
    ['/a~b', 'a tilde is written ~0'],
    ['/kind', '/kind cannot be masked: it says which record this is'],
    ['/id', '/id cannot be masked'],
    ['/modelVersion/name', '/modelVersion cannot be masked'],
    ['/masked/0', '/masked cannot be masked'],
    ['/*/spec', 'Name the first segment'],
  ])('that reads %j is refused: it %s', (pointer, message) => {
    expect(() => parseMaskPointer(pointer)).toThrow(message);
  });

  it('~01 is a tilde and a one, not a slash', () => {
    expect(parseMaskPointer('/~01').segments).toEqual(['~1']);
  });
});

it('what is told as masked is masked, and all else is as it was', () => {
  const name = fc.constantFrom('a', 'b', '0', '~', '/', '*');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    ),
  }));
  const pointer = fc
    .tuple(fc.constant('x'), fc.array(fc.constantFrom('a', 'b', '0', '1', '~0', '~1', '*'), { maxLength: 3 }))
    .map(([first, rest]) => `/${[first, ...rest].join('/')}`);
  fc.assert(
    fc.property(value, fc.array(pointer, { minLength: 1, maxLength: 3 }), (x, pointers) => {
      const original = { kind: 'Decision', id: '1', x };
      const { masked: places = [], ...rest } = maskRecord(original, pointers.map(parseMaskPointer));
      const [before, after] = [leavesOf(original), leavesOf(rest)];
      for (const place of places) expect(['[masked]', undefined]).toContain(after.get(place));
      const isHidden = (place: string) => places.some((hidden) => `${place}/`.startsWith(`${hidden}/`));
      const open = (leaves: ReadonlyMap<string, unknown>) => [...leaves].filter(([place]) => !isHidden(place));
      expect(open(after)).toEqual(open(before));
    }),
  );
});

/** Every value that is neither array nor object, by its pointer; and those that are empty. */
function leavesOf(value: unknown, place = ''): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[place, value]]);
  const below = Object.entries(value).flatMap(([name, member]) => [...leavesOf(member, appendSegment(place, name))]);
  return new Map(below.length > 0 ? below : [[place, value]]);
}
