import { GROUP, type ModelVersion, type ModelVersionSpec, type Stage } from '../api/index.ts';
import type { Snapshot } from './snapshot.ts';
import { parseSubmitter, type Submitter } from './stamp.ts';

interface InputVersion {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: ModelVersionSpec;
}

/** What a policy sees as `input`. */
export interface PolicyInput {
  readonly modelVersion: InputVersion;
  readonly transition: { readonly from: Stage; readonly to: Stage };
  readonly champion: InputVersion | null;
  readonly namespace: Snapshot['namespace'];
  readonly submitter: Submitter | null;
  readonly verified: Snapshot['verified'];
  readonly now: string;
}

/** @returns the input of every policy; the submitter is null where nothing vouches for the stamp. */
export function buildInput(snapshot: Snapshot): PolicyInput {
  const { modelVersion, champion, namespace, verified, now } = snapshot;
  return {
    modelVersion: buildInputVersion(modelVersion),
    transition: { from: modelVersion.status?.stage ?? 'None', to: modelVersion.spec.stage },
    champion: champion && buildInputVersion(champion),
    namespace,
    submitter: snapshot.approvalsVerified ? parseSubmitter(modelVersion) : null,
    verified,
    now,
  };
}

/** Leaves out our own annotations too: a person's approval must not change what the policies are asked. */
function buildInputVersion({ metadata, spec }: ModelVersion): InputVersion {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !isBookkeeping(key));
  return {
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      labels: metadata.labels ?? {},
      annotations: Object.fromEntries(annotations),
    },
    spec,
  };
}

function isBookkeeping(annotation: string): boolean {
  return annotation.startsWith(`${GROUP}/`) || annotation.startsWith('kubectl.kubernetes.io/');
}
