/** @returns the whole of a body; null where it has more bytes than allowed, of which the rest is not read */
export async function readBounded(chunks: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | null> {
  const read: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    read.push(chunk);
  }
  return Buffer.concat(read);
}
