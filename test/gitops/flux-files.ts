import { stringify } from 'yaml';
import { API_VERSION } from '../../src/api/index.ts';
import { FLUX_ACCOUNT } from './flux-scene.ts';

/** A version as Git holds it. */
interface InGit {
  /** Which policy judges it: `merge` lets a merge approve, `people` does not. */
  readonly use: 'merge' | 'people';
  readonly accuracy?: number;
  /** The reason, where Git holds an approval. */
  readonly approve?: string;
}

export function aVersionFile(name: string, { use, accuracy = 0.93, approve }: InGit): string {
  const annotations = approve === undefined ? {} : { annotations: { 'assent.dev/approve': approve } };
  return stringify({
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata: { name, labels: { use }, ...annotations },
    spec: { model: name, version: '1', stage: 'Production', metrics: { accuracy } },
  });
}

/** A policy that asks for people; where a merge is to approve, they are Flux's service account. */
export function aPolicy(use: InGit['use']): Record<string, unknown> {
  const { namespace, name } = FLUX_ACCOUNT;
  return {
    apiVersion: API_VERSION,
    kind: 'ApprovalPolicy',
    metadata: { name: use },
    spec: {
      match: { selector: { matchLabels: { use } } },
      modules: { 'policy.rego': 'package approval\n\nrequire contains {"reason": "somebody looks at it"}\n' },
      approvers: [use === 'merge' ? `serviceaccount:${namespace}:${name}` : 'group:ml-leads'],
    },
  };
}
