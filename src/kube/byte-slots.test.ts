import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createByteSlots } from './byte-slots.ts';

/** Takes a slab of its own to its last byte, with the length before it. */
const FULL_SLAB = new Uint8Array(2 ** 20 - 4).fill(9);

const bytes = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 700 }) },
  { weight: 1, arbitrary: fc.constant(FULL_SLAB) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 2 ** 19, max: 2 ** 21 + 9 }).map((length) => new Uint8Array(length).fill(7)),
  },
);

it('whatever is stored, read and freed in whatever order, every slot holds its own bytes', () => {
  const step = fc.oneof(bytes, fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const slots = createByteSlots();
      const kept: { readonly slot: number; readonly content: Uint8Array }[] = [];
      for (const what of steps) {
        if (typeof what !== 'number') kept.push({ slot: slots.store(what), content: what });
        else if (kept.length > 0) {
          const [gone] = kept.splice(what % kept.length, 1);
          if (gone) slots.free(gone.slot);
        }
        for (const { slot, content } of kept) expect(Buffer.compare(slots.read(slot), content)).toBe(0);
      }
    }),
    { numRuns: 50 },
  );
});

it('bytes longer than a slab are not written over where the slab before them is exactly full', () => {
  const slots = createByteSlots();
  slots.store(FULL_SLAB);
  const long = new Uint8Array(2 ** 20 + 1).fill(7);
  const slot = slots.store(long);
  slots.store(new Uint8Array(100));
  expect(Buffer.compare(slots.read(slot), long)).toBe(0);
});

it('a slot that was freed is taken again by bytes of about its size', () => {
  const slots = createByteSlots();
  const slot = slots.store(new Uint8Array(300));
  slots.free(slot);
  expect(slots.store(new Uint8Array(290))).toBe(slot);
});
