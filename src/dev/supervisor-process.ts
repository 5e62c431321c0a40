// The supervisor's own process; supervisor.ts starts it and says what it is for. Its first argument is a SupervisorPlan.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { removeRecord, writeRecord } from './process-record.ts';
import type { FromSupervisor, ProgramSpec, SupervisorPlan, ToSupervisor } from './supervisor.ts';

// Both come from supervisor.ts, of this same checkout.
const plan = JSON.parse(process.argv[2] ?? '') as SupervisorPlan;
process.on('message', (message) => obey(message as ToSupervisor));

const programs = new Map<number, { child: ChildProcess; exited: Promise<void> }>();
let ending: Promise<void> | undefined;

process.on('disconnect', end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
process.on('uncaughtException', (error) => {
  console.error(error);
  end();
});
record();

function obey(message: ToSupervisor): void {
  if (message.kind === 'start') start(message.program);
  else if (message.kind === 'signal') programs.get(message.pid)?.child.kill(message.signal);
  else end();
}

function start({ name, command, args, cwd, logFile }: ProgramSpec): void {
  if (ending) {
    tell({ kind: 'notStarted', name, message: `${name} was not started: the supervisor ends.` });
    return;
  }
  const log = openSync(logFile, 'a', 0o600);
  // An environment of its own: etcd would take every ETCD_… variable of the user's as an option.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', log, log] });
  const { pid } = child;
  if (pid === undefined) {
    child.on('error', (error) =>
      tell({ kind: 'notStarted', name, message: `${command} cannot be run: ${error.message}` }),
    );
    return;
  }
  child.on('error', (error) => console.error(error));
  const exited = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      programs.delete(pid);
      if (!ending) record();
      tell({ kind: 'exited', pid, code, signal });
      resolve();
    });
  });
  programs.set(pid, { child, exited });
  record();
  tell({ kind: 'started', name, pid });
}

function end(): void {
  ending ??= endAll();
}

async function endAll(): Promise<void> {
  for (const { child, exited } of [...programs.values()].reverse()) {
    if (plan.graceMs > 0) {
      child.kill('SIGTERM');
      await Promise.race([exited, setTimeout(plan.graceMs)]);
    }
    child.kill('SIGKILL');
    await exited;
  }
  removeRecord(plan.recordFile);
  if (plan.temporaryFolder !== undefined) rmSync(plan.temporaryFolder, { recursive: true, force: true });
  process.exit(0);
}

function record(): void {
  writeRecord(plan.recordFile, [process.pid, ...programs.keys()]);
}

function tell(message: FromSupervisor): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
