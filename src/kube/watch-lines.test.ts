import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readLines } from './watch-lines.ts';

async function linesOf(chunks: readonly Uint8Array[]): Promise<string[]> {
  return Array.fromAsync(
    readLines(
      (async function* () {
        yield* chunks;
      })(),
    ),
  );
}

it('lines come out as they went in, wherever the chunks are cut, within characters too', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(200)), async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const ends = [...cuts.filter((cut) => cut <= bytes.length).toSorted((a, b) => a - b), bytes.length];
      const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      expect(await linesOf(chunks)).toEqual(lines);
    }),
  );
});

it('a last line without its end is a line too', async () => {
  expect(await linesOf([Buffer.from('a\nb')])).toEqual(['a', 'b']);
});

it('a line that does not end is refused, not kept', async () => {
  const endless = Array.from({ length: 20 }, () => Buffer.alloc(2 ** 20, 'x'));
  await expect(linesOf(endless)).rejects.toThrow('longer than');
});
