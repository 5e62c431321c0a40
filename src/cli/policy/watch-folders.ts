import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Editors write a file in several steps, and several files at once. */
const QUIET_MS = 100;

/**
 * Calls back now, and when something has changed in folders, or beside files; not again before that has ended.
 *
 * @param changed must not reject
 */
export function watchFolders(paths: readonly string[], changed: () => Promise<void>): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(run, QUIET_MS);
  };
  const run = async () => {
    // What changes meanwhile has its turn afterwards.
    if (running) return soon();
    running = true;
    await changed();
    running = false;
  };
  const folders = new Set(paths.map((path) => (statSync(path).isDirectory() ? path : dirname(path))));
  const watchers: readonly FSWatcher[] = [...folders].map((folder) => watch(folder, { recursive: true }, soon));
  // What changes from here on is seen.
  void run();
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
