import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type ConformanceCase, conformanceCase } from './conformance-case.ts';

/** What OPA's interpreter is asked. */
export interface NativeRequest {
  modules: Readonly<Record<string, string>>;
  /** A reference, such as `data.answer.text`. */
  query: string;
  data: unknown;
  input: unknown;
}

const nativeAnswer = z.object({ value: z.unknown().optional(), error: z.string().optional() });
/** A value, an error, or neither where the query is undefined. */
export type NativeAnswer = z.infer<typeof nativeAnswer>;

/** @returns all conformance cases of the OPA that `program`, see `ensureNativeOpa`, is built from. */
export async function listConformanceCases(program: string, folder: string): Promise<readonly ConformanceCase[]> {
  const lines = await converse(program, { args: ['cases'], cwd: folder, requests: [] });
  return lines.map((line) => conformanceCase.parse(JSON.parse(line)));
}

/** Asks OPA's interpreter, in one process; the answers stand in the requests' order. */
export async function askNative(program: string, requests: readonly NativeRequest[]): Promise<readonly NativeAnswer[]> {
  const lines = await converse(program, {
    args: [],
    cwd: process.cwd(),
    requests: requests.map((each) => JSON.stringify(each)),
  });
  return lines.map((line) => nativeAnswer.parse(JSON.parse(line)));
}

interface Conversation {
  args: readonly string[];
  cwd: string;
  requests: readonly string[];
}

async function converse(program: string, { args, cwd, requests }: Conversation): Promise<readonly string[]> {
  const native = spawn(program, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => native.on('error', reject).on('close', resolve));
  native.stdin.end(requests.map((request) => `${request}\n`).join(''));
  const lines: string[] = [];
  for await (const line of createInterface({ input: native.stdout })) lines.push(line);
  const code = await ended;
  if (code !== 0) throw new Error(`native OPA ended with exit code ${code}`);
  return lines;
}
