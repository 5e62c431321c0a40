/**
 * Resolves when this process shall end: on Ctrl-C, SIGTERM, a closed terminal, or when bootstrap.mjs, which started it,
 * is gone. From the call on, none of these ends the process by itself.
 */
export function untilAskedToEnd(): Promise<NodeJS.Signals | 'disconnect'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
    // Without bootstrap.mjs there is no channel, and nothing is ever disconnected.
    process.on('disconnect', () => resolve('disconnect'));
    // Listening alone shall not keep a process that has done its work.
    process.channel?.unref();
  });
}
