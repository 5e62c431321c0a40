/**
 * Resolves at Ctrl-C, when the process is told to end, or when the process that started it over a channel is gone.
 *
 * @param otherwise ends the wait as well
 */
export async function untilSignal(otherwise?: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  process.once('disconnect', () => resolve());
  await (otherwise ? Promise.race([promise, otherwise]) : promise);
  // Once told to end, the channel alone shall not keep the process.
  process.channel?.unref();
}
