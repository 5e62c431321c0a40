import { open, rename } from 'node:fs/promises';

/** Writes a small file at once: whoever reads it sees the old content or the new one, whatever happens meanwhile. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const writing = `${path}.new`;
  const file = await open(writing, 'w', 0o600);
  try {
    await file.writeFile(content);
    // Before the name: else a file without content could stand there after a power failure.
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(writing, path);
}
