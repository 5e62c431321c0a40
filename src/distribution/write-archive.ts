import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { pack } from 'tar-stream';
import type { BundleFiles } from './read-archive.ts';

/** The byte of gzip's header that names the operating system; 255 is none. */
const GZIP_SYSTEM = 9;

/** @returns a tar.gz of the files, as `opa build` lays it out. The same files give the same bytes on every machine. */
export async function writeArchive(files: BundleFiles): Promise<Buffer> {
  const writer = pack();
  for (const [path, content] of [...files].toSorted(([one], [other]) => (one < other ? -1 : 1)))
    writer.entry({ name: `/${path}`, mode: 0o600, mtime: new Date(0) }, content);
  writer.finalize();
  const packed = await promisify(gzip)(await buffer(writer), { level: 9 });
  packed[GZIP_SYSTEM] = 255;
  return packed;
}
