import { parentPort, workerData } from 'node:worker_threads';
import { type BuiltinReactor, startBuiltinReactor } from './builtin-reactor.ts';
import { type BuiltinTable, builtins } from './builtins/index.ts';
import { EvaluationError } from './evaluation-error.ts';
import {
  type Batch,
  createProgress,
  type EvaluationWorkerData,
  type Step,
  type StepResult,
  type WorkerMessage,
} from './evaluation-protocol.ts';
import { instantiatePolicy, type PolicyInstance, type PolicyInstanceOptions } from './policy-instance.ts';
import { createTraceRecorder, traceBuiltin } from './trace.ts';

const port = parentPort;
if (!port) throw new Error('evaluation-worker runs in a worker thread only');
const { progress: shared }: EvaluationWorkerData = workerData;
const progress = createProgress(shared);
const recorder = createTraceRecorder();
const table: BuiltinTable = { ...builtins, [traceBuiltin]: recorder.builtin };
const post = (message: WorkerMessage) => port.postMessage(message);

/** An instance that grew by more than this is given back after its evaluation: its pages would never shrink. */
const keptGrowthBytes = 4 * 1024 * 1024;
/** What the policies that are loaded may take together, with their data. */
const keptBytes = 96 * 1024 * 1024;
/** A result that was held back longer than this is posted before the next step begins. */
const heldBackMs = 5;

interface Loaded {
  options: PolicyInstanceOptions;
  /** Null until the next evaluation makes it. */
  instance: PolicyInstance | null;
  /** What the instance took with its data, before any evaluation. */
  bytes: number;
  /** Its share of `loadedBytes`. */
  counted: number;
}
/** The least recently used first. */
const loaded = new Map<string, Loaded>();
let loadedBytes = 0;

/** OPA's builtins, once a policy that was loaded calls one. */
let opa: { module: WebAssembly.Module; reactor: BuiltinReactor } | null = null;

port.on('message', ({ forget, steps }: Batch) => {
  for (const key of forget) unload(key);
  const unloaded: string[] = [];
  let results: StepResult[] = [];
  let postedMs = performance.now();
  for (const [index, step] of steps.entries()) {
    if (results.length > 0 && performance.now() - postedMs > heldBackMs) {
      post({ kind: 'results', results, unloaded: [], done: false });
      results = [];
      postedMs = performance.now();
    }
    results.push(runStep(step, index));
    if (loadedBytes > keptBytes) unloaded.push(...unloadIdle(steps.slice(index)));
    // Between the steps, so that no policy's deadline pays for it.
    if (opa?.reactor.spent) startBuiltins(opa.module);
  }
  post({ kind: 'results', results, unloaded, done: true });
});
post({ kind: 'ready', results: [], unloaded: [], done: true });

function runStep(step: Step, index: number): StepResult {
  progress.begin(index);
  const startedMs = performance.now();
  const microseconds = () => Math.round((performance.now() - startedMs) * 1000);
  try {
    return { kind: 'value', step: index, text: run(step), microseconds: microseconds(), trace: recorder.take() };
  } catch (error) {
    const { code, message } =
      error instanceof EvaluationError ? error : { code: 'internal' as const, message: String(error) };
    return { kind: 'error', step: index, code, message, microseconds: microseconds() };
  } finally {
    // What an evaluation that failed has passed is not the next one's.
    recorder.take();
    progress.end();
  }
}

function run(step: Step): string {
  if (step.kind === 'evaluate') return evaluate(step);
  if (step.kind === 'load') load(step);
  else startBuiltins(step.reactor);
  return '';
}

function startBuiltins(module: WebAssembly.Module): void {
  opa = { module, reactor: startBuiltinReactor(module) };
}

function builtinReactor(): BuiltinReactor {
  if (!opa) throw new EvaluationError('builtin', "the policy calls OPA's builtins, and they were not started");
  return opa.reactor;
}

function load({ key, module, data, memoryBytes }: Step & { kind: 'load' }): void {
  const options = { module, data, memoryBytes, builtins: table, builtinReactor };
  // Known before it is instantiated: where that fails, each evaluation fails in the same way.
  const entry: Loaded = { options, instance: null, bytes: 0, counted: 0 };
  loaded.set(key, entry);
  entry.instance = instantiatePolicy(options);
  entry.bytes = entry.instance.memoryBytes;
  count(entry);
}

function count(entry: Loaded): void {
  const bytes = entry.options.data.length + (entry.instance?.memoryBytes ?? 0);
  loadedBytes += bytes - entry.counted;
  entry.counted = bytes;
}

function unload(key: string): void {
  loadedBytes -= loaded.get(key)?.counted ?? 0;
  loaded.delete(key);
}

/** What these steps need stays: loading it again would be at the cost of an evaluation's deadline. */
function unloadIdle(steps: readonly Step[]): readonly string[] {
  const needed = new Set(steps.map((step) => (step.kind === 'start-builtins' ? '' : step.key)));
  const unloaded: string[] = [];
  for (const key of loaded.keys()) {
    if (loadedBytes <= keptBytes) break;
    if (needed.has(key)) continue;
    unload(key);
    unloaded.push(key);
  }
  return unloaded;
}

function evaluate({ key, input }: Step & { kind: 'evaluate' }): string {
  const entry = loaded.get(key);
  if (!entry) throw new EvaluationError('internal', 'the policy was not loaded');
  loaded.delete(key);
  loaded.set(key, entry);
  // After an error the instance's heap is in no known state: the next evaluation gets a new one.
  const { instance: kept } = entry;
  entry.instance = null;
  try {
    const { instance, text } = evaluateIn(kept ?? instantiatePolicy(entry.options), entry.options, input);
    if (instance.memoryBytes - entry.bytes <= keptGrowthBytes) entry.instance = instance;
    return text;
  } finally {
    count(entry);
  }
}

/** What an earlier evaluation left must not be what another lacks: then it gets an instance of its own. */
function evaluateIn(instance: PolicyInstance, options: PolicyInstanceOptions, input: string) {
  const { used } = instance;
  try {
    return { instance, text: instance.evaluate(input) };
  } catch (error) {
    if (!used || !(error instanceof EvaluationError) || error.code !== 'memory') throw error;
    // It was a builtin of OPA that lacked memory, in another place, and it cannot be asked again.
    if (opa?.reactor.spent) throw error;
    // What the first try has passed is not the second's.
    recorder.take();
    const fresh = instantiatePolicy(options);
    return { instance: fresh, text: fresh.evaluate(input) };
  }
}
