import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { DevError } from './dev-error.ts';
import { endRecordedProcesses } from './process-record.ts';

/** A program for the supervisor to run. */
export interface ProgramSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Takes the program's output; it is appended to. */
  readonly logFile: string;
}

/** How a program ended. */
export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running program. */
export interface SupervisedProgram {
  readonly pid: number;
  readonly exited: Promise<ProgramExit>;
  signal(signal: NodeJS.Signals): void;
}

/** What the supervisor's process is told when it starts. */
export interface SupervisorPlan {
  /** Takes the identities of all its processes, for a later start that finds it killed. */
  readonly recordFile: string;
  /** How long a program may take to end by itself before it is killed. */
  readonly graceMs: number;
  /** Removed when all programs have ended. */
  readonly temporaryFolder?: string;
}

export type ToSupervisor =
  | { readonly kind: 'start'; readonly program: ProgramSpec }
  | { readonly kind: 'signal'; readonly pid: number; readonly signal: NodeJS.Signals }
  | { readonly kind: 'end' };

export type FromSupervisor =
  | { readonly kind: 'started'; readonly name: string; readonly pid: number }
  | { readonly kind: 'notStarted'; readonly name: string; readonly message: string }
  | ({ readonly kind: 'exited'; readonly pid: number } & ProgramExit);

/** Runs programs that never outlive this process. */
export interface Supervisor {
  start(program: ProgramSpec): Promise<SupervisedProgram>;
  /** Ends all programs, the last started first, and the supervisor itself. */
  end(): Promise<void>;
}

/**
 * Starts a process of its own that starts programs for this one. It ends them when told to, and also when the channel
 * to this process breaks: after `kill -9`, a crash or a forgotten `end()`. It is the programs' parent from their first
 * moment, so there is no moment at which a killed process leaves one behind. It has its own session: Ctrl-C in a
 * terminal does not reach the programs before their user has done with them.
 */
export function startSupervisor(plan: SupervisorPlan, logFile: string): Supervisor {
  const program = join(import.meta.dirname, 'supervisor-process.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(plan)], {
    detached: true,
    stdio: ['ignore', 'ignore', openSync(logFile, 'a', 0o600), 'ipc'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR },
  });
  const starting = new Map<string, PromiseWithResolvers<number>>();
  const running = new Map<number, PromiseWithResolvers<ProgramExit>>();
  const exited = Promise.withResolvers<void>();

  const send = (message: ToSupervisor) => child.send(message, () => {});

  child.on('message', (raw) => {
    // The other end of the channel is supervisor-process.ts, of this same checkout.
    const message = raw as FromSupervisor;
    if (message.kind === 'started') {
      running.set(message.pid, Promise.withResolvers());
      starting.get(message.name)?.resolve(message.pid);
    } else if (message.kind === 'notStarted') {
      starting.get(message.name)?.reject(new DevError('StartFailed', message.message));
    } else {
      running.get(message.pid)?.resolve(message);
    }
  });
  child.on('error', (error) => {
    for (const start of starting.values()) start.reject(error);
    exited.resolve();
  });
  child.on('exit', async () => {
    // Nothing is left to end unless somebody killed the supervisor itself.
    await endRecordedProcesses(plan.recordFile);
    for (const start of starting.values()) start.reject(new DevError('StartFailed', 'The supervisor was ended.'));
    for (const program of running.values()) program.resolve({ code: null, signal: 'SIGKILL' });
    exited.resolve();
  });

  return {
    async start(program) {
      const started = Promise.withResolvers<number>();
      starting.set(program.name, started);
      send({ kind: 'start', program });
      const pid = await started.promise.finally(() => starting.delete(program.name));
      const exit = running.get(pid) ?? Promise.withResolvers<ProgramExit>();
      return { pid, exited: exit.promise, signal: (signal) => send({ kind: 'signal', pid, signal }) };
    },
    async end() {
      if (child.connected) send({ kind: 'end' });
      await exited.promise;
    },
  };
}
