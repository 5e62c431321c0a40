import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import type { InspectionMessage, InspectionWorkerData } from './module-inspection.ts';

const port = parentPort;
if (!port) throw new Error('module-inspection-worker runs in a worker thread only');
const { wasm }: InspectionWorkerData = workerData;
/** Enough to answer three questions; the evaluation has the policy's own limit. */
const MEMORY = { initial: 5, maximum: 256 };
const FUNCTIONS = [
  'opa_abort',
  'opa_println',
  'opa_builtin0',
  'opa_builtin1',
  'opa_builtin2',
  'opa_builtin3',
  'opa_builtin4',
];

const Numbers = z.record(z.string(), z.number().int());
const Global = z.object({ value: z.number().int() });
const Exports = z.looseObject({
  opa_wasm_abi_version: Global,
  opa_wasm_abi_minor_version: Global,
  builtins: z.custom<() => number>((value) => typeof value === 'function'),
  entrypoints: z.custom<() => number>((value) => typeof value === 'function'),
  opa_json_dump: z.custom<(address: number) => number>((value) => typeof value === 'function'),
});

port.postMessage(inspect());

function inspect(): InspectionMessage {
  try {
    const module = new WebAssembly.Module(wasm);
    const foreign = WebAssembly.Module.imports(module).find(
      ({ module: from, name, kind }) =>
        from !== 'env' || !(kind === 'memory' ? name === 'memory' : kind === 'function' && FUNCTIONS.includes(name)),
    );
    if (foreign)
      return { kind: 'unusable', why: `it imports ${foreign.module}.${foreign.name}, which is no part of OPA's ABI` };
    const memory = new WebAssembly.Memory(MEMORY);
    const refuse = () => {
      throw new Error('it calls its host before it is asked anything');
    };
    const imports = Object.fromEntries(FUNCTIONS.map((name) => [name, refuse]));
    const instance = new WebAssembly.Instance(module, { env: { memory, ...imports } });
    const parsed = Exports.safeParse({ ...instance.exports });
    if (!parsed.success)
      return { kind: 'unusable', why: `it lacks ${parsed.error.issues[0]?.path.join('.')} of OPA's ABI` };
    const { opa_wasm_abi_version: major, opa_wasm_abi_minor_version: minor, ...ask } = parsed.data;
    const read = (address: number): Record<string, number> => {
      const bytes = Buffer.from(memory.buffer);
      const end = bytes.indexOf(0, address);
      return Numbers.parse(JSON.parse(bytes.toString('utf8', address, end)));
    };
    return {
      kind: 'inspected',
      abi: { major: major.value, minor: minor.value },
      builtins: Object.keys(read(ask.opa_json_dump(ask.builtins()))),
      entrypoints: read(ask.opa_json_dump(ask.entrypoints())),
    };
  } catch (error) {
    return { kind: 'unusable', why: error instanceof Error ? error.message : String(error) };
  }
}
