/** How much of an archive is read: what goes beyond is refused, never cut. */
export interface ArchiveLimits {
  /** Packed, as it comes from the network. */
  readonly packedBytes: number;
  /** Unpacked, all files and the archive's own blocks together: what a decompression bomb meets. */
  readonly unpackedBytes: number;
  readonly fileBytes: number;
  readonly files: number;
}

const MEBIBYTE = 2 ** 20;

export const ARCHIVE_LIMITS: ArchiveLimits = {
  packedBytes: 4 * MEBIBYTE,
  unpackedBytes: 16 * MEBIBYTE,
  fileBytes: 8 * MEBIBYTE,
  files: 1024,
};
