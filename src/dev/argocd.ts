import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { GROUP, VERDICTS } from '../api/index.ts';
import { repositoryRoot } from './repository.ts';

const FOLDER = join('examples', 'gitops', 'argocd');

/** @returns the path and content of the entries of Argo CD's own ConfigMap, made from the Lua beside it. */
export function buildArgoCdFiles(): ReadonlyMap<string, string> {
  const readyHealth = readLua('ready', 'health.lua');
  const actions = {
    'discovery.lua': readLua('model-version', 'actions', 'discovery.lua'),
    definitions: VERDICTS.map((name) => ({ name, 'action.lua': readLua('model-version', 'actions', `${name}.lua`) })),
  };
  const data = {
    [`resource.customizations.health.${GROUP}_ModelVersion`]: readLua('model-version', 'health.lua'),
    [`resource.customizations.actions.${GROUP}_ModelVersion`]: stringify(actions, { lineWidth: 0 }),
    [`resource.customizations.health.${GROUP}_ApprovalPolicy`]: readyHealth,
    [`resource.customizations.health.${GROUP}_ClusterApprovalPolicy`]: readyHealth,
    [`resource.customizations.health.${GROUP}_ModelRegistry`]: readyHealth,
    [`resource.customizations.health.${GROUP}_Notification`]: readyHealth,
  };
  const text = stringify({ data }, { lineWidth: 0 });
  const note = '# Generated from the Lua in this folder: `npm run generate`. See docs/gitops.md.\n';
  return new Map([[join(FOLDER, 'argocd-cm-patch.yaml'), `${note}${text}`]]);
}

function readLua(...path: readonly string[]): string {
  return readFileSync(join(repositoryRoot, FOLDER, ...path), 'utf8');
}
