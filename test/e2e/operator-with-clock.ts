// The operator as `assent operator` runs it, with a clock that the process that started it can put forward: a child
// process, so that it can be killed. Arguments: a kubeconfig and a namespace. Messages: milliseconds to go forward.
import { DEFAULT_NAMESPACE } from '../../src/admission/index.ts';
import { regoPaths } from '../../src/cli/rego-paths.ts';
import { loadCluster } from '../../src/kube/index.ts';
import { startOperator } from '../../src/operator/index.ts';
import { createCompiler, createEvaluator } from '../../src/rego/index.ts';
import { createLogger, createOperatorEvents, createOperatorMetrics } from '../../src/telemetry/index.ts';

const [kubeconfig = '', namespace = '', offset = '0'] = process.argv.slice(2);
let offsetMs = Number(offset);
process.on('message', (milliseconds) => {
  offsetMs += Number(milliseconds);
  process.send?.('forward');
});
process.on('disconnect', () => process.exit());

const events = createOperatorEvents(createLogger({ level: 'info' }), createOperatorMetrics());
startOperator({
  cluster: loadCluster({ kubeconfig }),
  namespaces: [namespace],
  operatorNamespace: DEFAULT_NAMESPACE,
  compiler: createCompiler(regoPaths()),
  evaluator: createEvaluator({ ...regoPaths(), threads: 1 }),
  events,
  records: { record: (record) => events.recorded([JSON.stringify(record)]) },
  clock: () => new Date(Date.now() + offsetMs).toISOString(),
});
