import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import { WASI } from 'node:wasi';
import { parentPort, workerData } from 'node:worker_threads';
import type {
  CompilerWorkerData,
  CompilerWorkerMessage,
  ReactorRequest,
  ReactorResponse,
} from './compiler-protocol.ts';
import { compileReactor, startReactor } from './reactor.ts';

const port = parentPort;
if (!port) throw new Error('compiler-worker runs in a worker thread only');
const { reactor: path, memoryBytes }: CompilerWorkerData = workerData;
// What Go prints when it dies goes nowhere: the crash itself is reported.
const nowhere = openSync(devNull, 'r+');
const wasi = new WASI({ version: 'preview1', env: {}, stdin: nowhere, stdout: nowhere, stderr: nowhere });
const reactor = startReactor(await compileReactor(path, memoryBytes), wasi);
const post = (message: CompilerWorkerMessage) => port.postMessage(message);
port.on('message', (request: ReactorRequest) => post({ kind: 'answer', ...ask(request) }));
post({ kind: 'ready', response: ask({ operation: 'version' }).response });

function ask(request: ReactorRequest): ReactorResponse {
  reactor.put(Buffer.from(JSON.stringify(request)));
  reactor.run();
  const wasm = reactor.readModule();
  return { response: Buffer.from(reactor.readResponse()).toString('utf8'), wasm: wasm.length > 0 ? wasm : null };
}
