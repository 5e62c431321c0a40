import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** What asks a program to end. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How long a command may take to end by itself once it was told to. */
const GRACE_MS = 5_000;
const POLL_MS = 50;

/** How a command ended: by itself, or because we were told to end. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'interrupted'; readonly signal: NodeJS.Signals };

/**
 * Runs a command line with `sh`, in a process group of its own. What ends this process meanwhile ends the whole group
 * first, so that no training goes on that nobody waits for.
 */
export async function runCommand(commandLine: string): Promise<CommandEnd> {
  const child = spawn('/bin/sh', ['-c', commandLine], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  let interrupted: NodeJS.Signals | null = null;
  let late: NodeJS.Timeout | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    interrupted = signal;
    signalGroup(child.pid, signal);
    late ??= setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS);
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, interrupt);
  try {
    const [code, signal]: [number | null, NodeJS.Signals | null] = await once(child, 'exit').then(([code, signal]) => [
      code,
      signal,
    ]);
    if (interrupted !== null) {
      await untilGroupEnded(child.pid);
      return { kind: 'interrupted', signal: interrupted };
    }
    return signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal };
  } finally {
    clearTimeout(late);
    for (const signal of ENDING_SIGNALS) process.off(signal, interrupt);
  }
}

/** The shell ends at once; what it has started may still put its work down, and is killed only if it does not end. */
async function untilGroupEnded(pid: number | undefined): Promise<void> {
  const end = performance.now() + GRACE_MS;
  while (signalGroup(pid, 0) && performance.now() < end) await sleep(POLL_MS);
  signalGroup(pid, 'SIGKILL');
}

/** @returns whether there is anybody in the group. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, signal);
  } catch {
    // It has ended already.
    return false;
  }
}
