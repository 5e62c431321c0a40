/** Resolves at Ctrl-C, when the process is told to end, or when the process that started it over a channel is gone. */
export async function untilSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  process.once('disconnect', () => resolve());
  await promise;
  // Once told to end, the channel alone shall not keep the process.
  process.channel?.unref();
}
