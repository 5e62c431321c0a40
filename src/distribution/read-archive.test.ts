import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { ARCHIVE_LIMITS } from './archive-limits.ts';
import { readArchive } from './read-archive.ts';
import { writeArchive } from './write-archive.ts';

type Entry = Partial<Header> & { readonly name: string };

async function tarOf(...entries: readonly (readonly [Entry, string?])[]): Promise<Buffer> {
  const writer = pack();
  for (const [header, content] of entries) writer.entry(header, content ?? '');
  writer.finalize();
  return buffer(writer);
}

const refusal = (code: string, message: string) =>
  expect.objectContaining({ name: 'BundleError', code, message: expect.stringContaining(message) });

describe('an archive', () => {
  it('is read as opa build and tar write it', async () => {
    const tar = await tarOf(
      [{ name: './', type: 'directory' }],
      [{ name: '/a/b.rego' }, 'one'],
      [{ name: './data.json' }, '{}'],
      [{ name: `${'long/'.repeat(60)}c` }, 'two'],
    );
    for (const bytes of [tar, gzipSync(tar)]) {
      const files = await readArchive(bytes);
      expect([...files.keys()]).toEqual(['a/b.rego', 'data.json', `${'long/'.repeat(60)}c`]);
      expect(files.get('a/b.rego')?.toString()).toBe('one');
    }
  });

  it('comes back as it was written, and is the same bytes each time', async () => {
    const files = new Map([
      ['b/policy.rego', Buffer.from('package approval')],
      ['.manifest', Buffer.from('{}')],
    ]);
    const archive = await writeArchive(files);
    expect(await writeArchive(new Map([...files].reverse()))).toEqual(archive);
    expect(new Map(await readArchive(archive))).toEqual(files);
  });

  it.each(['../x', 'a/../../x', '/../x', 'a/..', 'a//b', 'a/./b', 'a\\..\\x'])(
    'with the path %s is refused',
    async (name) => {
      await expect(readArchive(await tarOf([{ name }, 'x']))).rejects.toEqual(refusal('malformed', 'leads out of it'));
    },
  );

  it.each(['symlink', 'link', 'character-device', 'block-device', 'fifo'] as const)(
    'with a %s is refused',
    async (type) => {
      const tar = await tarOf([{ name: 'x', type, linkname: '/etc/passwd' }]);
      await expect(readArchive(tar)).rejects.toEqual(refusal('malformed', `"x" is a ${type}`));
    },
  );

  it('with one path twice is refused', async () => {
    const tar = await tarOf([{ name: 'x' }, '1'], [{ name: './x' }, '2']);
    await expect(readArchive(tar)).rejects.toEqual(refusal('malformed', 'holds x twice'));
  });

  it('that is cut off, empty or something else is refused', async () => {
    const tar = await tarOf([{ name: 'x' }, 'x'.repeat(2000)]);
    await expect(readArchive(tar.subarray(0, 1500))).rejects.toEqual(refusal('malformed', 'no whole tar'));
    await expect(readArchive(gzipSync(tar).subarray(0, 60))).rejects.toEqual(refusal('malformed', 'no whole gzip'));
    await expect(readArchive(await tarOf())).rejects.toEqual(refusal('malformed', 'holds no file'));
    await expect(readArchive(Buffer.from('<html>'.repeat(200)))).rejects.toEqual(refusal('malformed', ''));
  });

  it('never throws anything but a BundleError, whatever its bytes are', async () => {
    const whole = gzipSync(await tarOf([{ name: 'x' }, 'x'.repeat(700)]));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        async (at, byte) => {
          const changed = Buffer.from(whole);
          changed[at] = byte;
          const outcome = await readArchive(changed).catch((error: unknown) => error);
          expect(outcome instanceof Map || (outcome instanceof Error && outcome.name === 'BundleError')).toBe(true);
        },
      ),
    );
  });
});

describe('what is too much', () => {
  it('a decompression bomb: a few kilobytes that unpack to gigabytes are never unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(ARCHIVE_LIMITS.unpackedBytes + 1));
    expect(bomb.length).toBeLessThan(ARCHIVE_LIMITS.packedBytes / 100);
    const before = process.memoryUsage.rss();
    await expect(readArchive(bomb)).rejects.toEqual(refusal('too-large', 'unpacks to more'));
    expect(process.memoryUsage.rss() - before).toBeLessThan(3 * ARCHIVE_LIMITS.unpackedBytes);
  });

  it('bombs one after the other in one file', async () => {
    const part = gzipSync(Buffer.alloc(ARCHIVE_LIMITS.unpackedBytes / 2));
    await expect(readArchive(Buffer.concat([part, part, part]))).rejects.toEqual(
      refusal('too-large', 'unpacks to more'),
    );
  });

  it('a file, a number of files, or a packed size beyond the limits', async () => {
    const tar = await tarOf([{ name: 'a' }, 'x'.repeat(11)], [{ name: 'b' }, 'x']);
    const limits = { ...ARCHIVE_LIMITS };
    await expect(readArchive(tar, { ...limits, fileBytes: 10 })).rejects.toEqual(refusal('too-large', 'holds a'));
    await expect(readArchive(tar, { ...limits, files: 1 })).rejects.toEqual(refusal('too-large', 'more than 1 files'));
    await expect(readArchive(tar, { ...limits, packedBytes: 10 })).rejects.toEqual(
      refusal('too-large', 'more than 10 bytes'),
    );
    await expect(readArchive(tar, { ...limits, unpackedBytes: 10 })).rejects.toEqual(refusal('too-large', 'unpacks'));
  });
});
