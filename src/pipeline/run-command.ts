import { spawn } from 'node:child_process';
import { once } from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How long a command may take to end by itself once it was told to. */
const GRACE_MS = 5_000;

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
    endGroup(child.pid, signal);
    late ??= setTimeout(() => endGroup(child.pid, 'SIGKILL'), GRACE_MS);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    const [code, signal]: [number | null, NodeJS.Signals | null] = await once(child, 'exit').then(([code, signal]) => [
      code,
      signal,
    ]);
    // What the shell has started may outlive it.
    if (interrupted !== null) {
      endGroup(child.pid, 'SIGKILL');
      return { kind: 'interrupted', signal: interrupted };
    }
    return signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal };
  } finally {
    clearTimeout(late);
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}
