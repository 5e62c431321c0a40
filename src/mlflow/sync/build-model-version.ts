import {
  API_VERSION,
  type ModelRegistrySpec,
  type ModelVersion,
  modelVersionName,
  REGISTRY_TAGS,
  Stage,
} from '../../api/index.ts';
import type { RegisteredVersion } from '../client/index.ts';
import type { VersionFacts } from './read-facts.ts';
import { ASKED_ANNOTATION, REGISTRY_LABEL } from './registry-annotations.ts';

const LABEL_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const MOST_ENTRIES = 256;

interface Imported {
  readonly namespace: string;
  /** The ModelRegistry; null where the version is of none. */
  readonly registry: string | null;
  readonly spec: Pick<ModelRegistrySpec, 'import'>;
}

type NewModelVersion = Pick<ModelVersion, 'apiVersion' | 'kind' | 'metadata' | 'spec'>;

/** @returns the ModelVersion of a registered version: what its run says becomes its claims. */
export function buildModelVersion(facts: VersionFacts, { namespace, registry, spec }: Imported): NewModelVersion {
  const { registered } = facts;
  const { model, version } = registered;
  return {
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata: {
      name: modelVersionName(model, version),
      namespace,
      labels: {
        ...toLabels(registered.tags),
        ...(registry === null ? {} : { [REGISTRY_LABEL]: registry }),
        'app.kubernetes.io/managed-by': 'assent',
      },
      annotations: registry === null ? {} : { [ASKED_ANNOTATION]: registered.tags[REGISTRY_TAGS.stage] ?? '' },
    },
    spec: {
      model,
      version,
      stage: askedStage(registered) ?? stageInEffect(registered) ?? spec.import?.stage ?? 'None',
      ...buildClaims(facts),
      artifact: { uri: registered.source.slice(0, 2048) || `models:/${model}/${version}` },
      source: {
        ...(facts.runId ? { runId: facts.runId } : {}),
        ...(facts.gitCommit ? { gitCommit: facts.gitCommit.slice(0, 256) } : {}),
        ...(registry === null ? {} : { registry }),
      },
    },
  };
}

/** @returns what the run says of the version, as a spec has it. */
export function buildClaims({
  metrics,
  parameters,
}: VersionFacts): Pick<ModelVersion['spec'], 'metrics' | 'parameters'> {
  const first = <Value>(entries: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(entries).slice(0, MOST_ENTRIES));
  return { metrics: first(metrics), parameters: first(parameters) };
}

/** @returns the stage that the version's tag asks for; null where there is none, or it is no stage */
export function askedStage({ tags }: RegisteredVersion): Stage | null {
  const asked = tags[REGISTRY_TAGS.stage]?.toLowerCase();
  return Stage.options.find((stage) => stage.toLowerCase() === asked) ?? null;
}

/** What is served already when Assent comes asks to stay. */
function stageInEffect({ stage }: RegisteredVersion): Stage | null {
  const found = Stage.safeParse(stage);
  return found.success && found.data !== 'None' ? found.data : null;
}

/** Tags without a prefix become labels, which policies select by; a prefix is somebody's own, ours among them. */
function toLabels(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const fit = Object.entries(tags).filter(
    ([key, value]) => LABEL_NAME.test(key) && !key.startsWith('mlflow.') && (value === '' || LABEL_NAME.test(value)),
  );
  return Object.fromEntries(fit);
}
