/** What a test asks of MLflow itself, beside the product. */
export interface MlflowRest {
  post(path: string, body: unknown): Promise<Record<string, unknown>>;
  version(name: string, version: string): Promise<ShownVersion>;
  /** Makes a run with this accuracy; in the default experiment, where none is given. */
  run(accuracy: number, experimentId?: string): Promise<{ readonly runId: string; readonly source: string }>;
  /** Registers versions of one run, eight at once. */
  register(model: string, count: number, run: { readonly runId: string; readonly source: string }): Promise<void>;
}

/** A version as MLflow shows it. */
export interface ShownVersion {
  readonly stage: string;
  readonly aliases: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

interface Answer {
  readonly model_version: {
    readonly current_stage: string;
    readonly aliases?: readonly string[];
    readonly tags?: readonly { readonly key: string; readonly value: string }[];
  };
}

export function createMlflowRest(url: string, headers: Readonly<Record<string, string>> = {}): MlflowRest {
  const at = (path: string) => `${url}/api/2.0/mlflow/${path}`;
  const post = async (path: string, body: unknown) => {
    const response = await fetch(at(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: HTTP ${response.status}: ${text}`);
    return JSON.parse(text);
  };
  return {
    post,
    async version(name, version) {
      const response = await fetch(at(`model-versions/get?${new URLSearchParams({ name, version })}`), { headers });
      const { model_version }: Answer = JSON.parse(await response.text());
      const { current_stage, aliases = [], tags = [] } = model_version;
      return { stage: current_stage, aliases, tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])) };
    },
    async run(accuracy, experimentId = '0') {
      const { run } = await post('runs/create', { experiment_id: experimentId, start_time: Date.now() });
      const { run_id: runId, artifact_uri } = run.info;
      await post('runs/log-metric', {
        run_id: runId,
        key: 'accuracy',
        value: accuracy,
        timestamp: Date.now(),
        step: 0,
      });
      return { runId, source: `${artifact_uri}/model` };
    },
    async register(name, count, { runId, source }) {
      await post('registered-models/create', { name });
      const left = Array.from({ length: count }).values();
      const worker = async () => {
        for (const _ of left) await post('model-versions/create', { name, source, run_id: runId });
      };
      await Promise.all(Array.from({ length: 8 }, worker));
    },
  };
}
