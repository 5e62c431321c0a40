import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { ARCHIVE_LIMITS, type ArchiveLimits } from './archive-limits.ts';
import { BundleError } from './bundle-error.ts';

/** Content by path; a path has no `/` in front, no `.` and no `..` in it. */
export type BundleFiles = ReadonlyMap<string, Buffer>;

/**
 * Reads a tar archive, packed by gzip or not, into memory. Nothing is ever written to a disk, and still every path is
 * refused that would lead out of a folder, and everything that is neither a file nor a folder: who builds such an
 * archive means no good, and another tool may unpack it.
 *
 * @throws BundleError `too-large` or `malformed`
 */
export async function readArchive(bytes: Uint8Array, limits: ArchiveLimits = ARCHIVE_LIMITS): Promise<BundleFiles> {
  if (bytes.length > limits.packedBytes) throw tooLarge(`has more than ${limits.packedBytes} bytes`);
  const tar = isGzip(bytes) ? await unpack(bytes, limits) : bytes;
  if (tar.length > limits.unpackedBytes) throw tooLarge(`unpacks to more than ${limits.unpackedBytes} bytes`);
  return readTar(tar, limits);
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function unpack(bytes: Uint8Array, { unpackedBytes }: ArchiveLimits): Promise<Uint8Array> {
  try {
    // It stops at the limit, whatever the archive says of its size: a bomb never exists unpacked.
    return await promisify(gunzip)(bytes, { maxOutputLength: unpackedBytes });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(`unpacks to more than ${unpackedBytes} bytes`);
    throw new BundleError('malformed', `the bundle is no whole gzip file: ${describe(cause)}`, { cause });
  }
}

async function readTar(tar: Uint8Array, limits: ArchiveLimits): Promise<BundleFiles> {
  const files = new Map<string, Buffer>();
  const reader = extract();
  reader.end(tar);
  try {
    for await (const entry of reader) {
      const { name, type, size = 0 } = entry.header;
      if (type !== 'file' && type !== 'contiguous-file' && type !== 'directory')
        throw malformed(`${JSON.stringify(name)} is a ${type ?? 'thing'}: a bundle holds files and folders only`);
      const path = toPath(name);
      if (type === 'directory') {
        entry.resume();
      } else {
        if (path === '') throw malformed('it holds a file without a name');
        if (size > limits.fileBytes) throw tooLarge(`holds ${path}, which has more than ${limits.fileBytes} bytes`);
        if (files.size === limits.files) throw tooLarge(`holds more than ${limits.files} files`);
        // Of two files of one name each tool would take another.
        if (files.has(path)) throw malformed(`it holds ${path} twice`);
        files.set(path, await buffer(entry));
      }
    }
  } catch (cause) {
    if (cause instanceof BundleError) throw cause;
    throw new BundleError('malformed', `the bundle is no whole tar archive: ${describe(cause)}`, { cause });
  }
  if (files.size === 0) throw malformed('it holds no file');
  return files;
}

/** `/a/b` and `./a/b`, as `opa build` and `tar` write them, are `a/b`; the folder that holds everything is ''. */
function toPath(name: string): string {
  const path = name.replace(/^(?:\.?\/)+/, '').replace(/\/$/, '');
  if (path === '' || path === '.') return '';
  if (/[\0\\]/.test(path) || path.split('/').some((segment) => ['', '.', '..'].includes(segment)))
    throw malformed(`the path ${JSON.stringify(name)} leads out of it, or is written in a roundabout way`);
  return path;
}

function tooLarge(what: string): BundleError {
  return new BundleError('too-large', `the bundle ${what}: leave out what the policy does not need`);
}

function malformed(what: string): BundleError {
  return new BundleError('malformed', `the bundle is refused: ${what}`);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
