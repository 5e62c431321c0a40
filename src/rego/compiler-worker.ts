import { openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { WASI } from 'node:wasi';
import { parentPort, workerData } from 'node:worker_threads';
import { boundMemory } from './bounded-memory.ts';
import type {
  CompilerWorkerData,
  CompilerWorkerMessage,
  ReactorRequest,
  ReactorResponse,
} from './compiler-protocol.ts';

/** The functions that the reactor exports (`compiler/main.go`). Its pointers are unsigned 32-bit integers. */
interface ReactorExports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  allocate(length: number): number;
  run(): void;
  response_pointer(): number;
  response_length(): number;
  module_pointer(): number;
  module_length(): number;
}

const port = parentPort;
if (!port) throw new Error('compiler-worker runs in a worker thread only');
const ask = await startReactor(workerData);
const post = (message: CompilerWorkerMessage) => port.postMessage(message);
port.on('message', (request: ReactorRequest) => post({ kind: 'answer', ...ask(request) }));
post({ kind: 'ready', response: ask({ operation: 'version' }).response });

async function startReactor(data: CompilerWorkerData): Promise<(request: ReactorRequest) => ReactorResponse> {
  // No directory, no environment, no input; what Go prints when it dies goes nowhere: the crash itself is reported.
  const nowhere = openSync(devNull, 'r+');
  const wasi = new WASI({ version: 'preview1', env: {}, stdin: nowhere, stdout: nowhere, stderr: nowhere });
  const module = await WebAssembly.compile(boundMemory(readFileSync(data.reactor), data.memoryBytes));
  const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
  wasi.initialize(instance);
  // The cast states the contract with compiler/main.go; a reactor that lacks a function fails at its first call.
  const reactor = instance.exports as ReactorExports;
  return (request) => {
    const body = Buffer.from(JSON.stringify(request));
    const at = reactor.allocate(body.length) >>> 0;
    new Uint8Array(reactor.memory.buffer, at, body.length).set(body);
    reactor.run();
    const response = copyOf(reactor, reactor.response_pointer(), reactor.response_length());
    const wasm = copyOf(reactor, reactor.module_pointer(), reactor.module_length());
    return { response: Buffer.from(response).toString('utf8'), wasm: wasm.length > 0 ? wasm : null };
  };
}

function copyOf({ memory }: ReactorExports, pointer: number, length: number): Uint8Array {
  return new Uint8Array(memory.buffer, pointer >>> 0, length >>> 0).slice();
}
