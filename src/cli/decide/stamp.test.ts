import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VERDICTS } from '../../api/index.ts';
import { parseStamp, renderStamp } from './stamp.ts';

test('a stamp has the fields of the admission policies, in their order, without blanks', () => {
  expect(renderStamp({ user: 'o"neil\\', groups: ['ml-leads', 'Jürgen ✓'] }, 3, 'approve')).toBe(
    String.raw`{"user":"o\"neil\\","groups":["ml-leads","Jürgen ✓"],"generation":3,"verdict":"approve"}`,
  );
});

test('what was stamped is read again', () => {
  const person = fc.record({ user: fc.string(), groups: fc.array(fc.string()) });
  fc.assert(
    fc.property(person, fc.nat(), fc.constantFrom(...VERDICTS), ({ user, groups }, generation, verdict) => {
      expect(parseStamp(renderStamp({ user, groups }, generation, verdict))).toEqual({ user, generation, verdict });
    }),
  );
});

test.for([undefined, '', 'alice', '{"user":"alice"}', '{"user":"alice","generation":1,"verdict":"bless"}'])(
  '%j is no stamp',
  (text) => {
    expect(parseStamp(text)).toBeNull();
  },
);
