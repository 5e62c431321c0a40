import { Worker } from 'node:worker_threads';
import { hostBuiltins } from './builtins/index.ts';
import { findForbidden } from './find-forbidden.ts';
import type { InspectionMessage, InspectionWorkerData } from './module-inspection.ts';
import { workerUrl } from './worker-url.ts';

/** How long a foreign module may take to be compiled and asked what it is. */
const INSPECTION_MS = 5_000;
const WORKER_HEAP_MIB = 64;
const MODULE_BYTES = 4 * 2 ** 20;

/**
 * Looks at a module that somebody else compiled, in a thread of its own that ends at a deadline: even to be asked for its
 * builtins it must run.
 *
 * @param entrypoint the one that evaluation number 0 must give
 * @returns the builtins that it calls, or why it cannot be used
 */
export async function inspectModule(
  wasm: Uint8Array,
  entrypoint: string,
): Promise<
  { readonly kind: 'fits'; readonly builtins: readonly string[] } | { readonly kind: 'refused'; readonly why: string }
> {
  if (wasm.length > MODULE_BYTES) return refused(`it has more than ${MODULE_BYTES} bytes`);
  const forbidden = findForbidden(wasm);
  if (forbidden !== null) return refused(forbidden);
  const answer = await askWorker(wasm);
  if (answer.kind === 'unusable') return refused(answer.why);
  const { abi, builtins: called, entrypoints } = answer;
  if (abi.major !== 1 || abi.minor < 2)
    return refused(`its ABI is ${abi.major}.${abi.minor}, and 1.2 or a later 1.x is needed`);
  const missing = called.filter((name) => !hostBuiltins.includes(name));
  if (missing.length > 0) return refused(`it calls ${missing.join(', ')}, which policies may not call`);
  const first = Object.keys(entrypoints).find((name) => entrypoints[name] === 0);
  if (first !== entrypoint)
    return refused(`its first entrypoint is ${first ?? 'missing'}, and ${entrypoint} is needed`);
  return { kind: 'fits', builtins: called.toSorted() };
}

async function askWorker(wasm: Uint8Array): Promise<InspectionMessage> {
  const { promise, resolve } = Promise.withResolvers<InspectionMessage>();
  const unusable = (why: string) => resolve({ kind: 'unusable', why });
  const worker = new Worker(workerUrl('module-inspection-worker', import.meta.url), {
    workerData: { wasm: Uint8Array.from(wasm) } satisfies InspectionWorkerData,
    name: 'rego-inspection',
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB },
    execArgv: [],
    env: {},
  });
  const timer = setTimeout(() => unusable(`it did not say within ${INSPECTION_MS} ms what it is`), INSPECTION_MS);
  worker.on('message', resolve);
  worker.on('error', (error: unknown) => unusable(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => unusable('the thread that looked at it ended'));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function refused(why: string): { readonly kind: 'refused'; readonly why: string } {
  return { kind: 'refused', why };
}
