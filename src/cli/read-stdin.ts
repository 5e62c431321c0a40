import { readSync } from 'node:fs';

const CHUNK_BYTES = 65_536;
const RETRY_MS = 5;

/**
 * Reads standard input to its end, and waits for it: whoever started this process may have made the descriptor
 * non-blocking, and then a read before the writer has written fails with EAGAIN, also `readFileSync(0)`.
 */
export function readStdin(): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = readChunk();
    if (chunk.length === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk);
  }
}

function readChunk(): Buffer {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    try {
      return chunk.subarray(0, readSync(0, chunk));
    } catch (error) {
      if (!isAboutToCome(error)) throw error;
      sleepSync(RETRY_MS);
    }
  }
}

function isAboutToCome(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR');
}

function sleepSync(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}
