import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from './repository.ts';

/** The METADATA block of a library policy's package. */
const PolicyMetadata = z.strictObject({
  title: z.string(),
  description: z.string(),
  custom: z.strictObject({ relies_on: z.string(), parameters: z.record(z.string(), z.string()) }),
});

interface LibraryPolicy {
  readonly name: string;
  readonly source: string;
  readonly metadata: z.infer<typeof PolicyMetadata>;
}

const folder = 'policies/lib';
const page = 'docs/library.md';
const begin = '<!-- From policies/lib, by `npm run generate`. -->\n';
const end = '<!-- As far as it is generated. -->\n';

/**
 * What is generated from the modules of `policies/lib`: in each `policy.yaml` the module itself, so that `kubectl apply`
 * takes the file as it is, and in `docs/library.md` the list of policies. The rest of these files is written by hand.
 */
export function buildLibraryFiles(): ReadonlyMap<string, string> {
  const policies = loadLibrary();
  const manifests = policies.map((policy): [string, string] => {
    const path = `${folder}/${policy.name}/policy.yaml`;
    return [path, embedModule(read(path), policy)];
  });
  return new Map([...manifests, [page, replaceList(read(page), policies)]]);
}

function loadLibrary(): readonly LibraryPolicy[] {
  const names = readdirSync(join(repositoryRoot, folder)).toSorted();
  return names.map((name) => {
    const source = read(`${folder}/${name}/${name}.rego`);
    return { name, source, metadata: parseMetadata(source) };
  });
}

/** A METADATA block is YAML in comments, at the beginning of the file. */
function parseMetadata(source: string): LibraryPolicy['metadata'] {
  const lines = source.split('\n');
  const block = lines.slice(
    1,
    lines.findIndex((line) => !line.startsWith('#')),
  );
  return PolicyMetadata.parse(parse(block.map((line) => line.slice(2)).join('\n')));
}

function embedModule(manifest: string, { name, source }: LibraryPolicy): string {
  const document = parseDocument(manifest);
  document.setIn(['spec', 'modules'], document.createNode({ [`${name}.rego`]: source }));
  return document.toString({ lineWidth: 0, flowCollectionPadding: false, blockQuote: 'literal' });
}

function replaceList(text: string, policies: readonly LibraryPolicy[]): string {
  const [before = '', rest = ''] = text.split(begin);
  const [, after = ''] = rest.split(end);
  return `${before}${begin}\n${renderList(policies)}\n${end}${after}`;
}

function renderList(policies: readonly LibraryPolicy[]): string {
  const rows = policies.map(
    ({ name, metadata: { title, custom } }) => `| [${name}](#${name}) | ${title} | ${custom.relies_on} |`,
  );
  const sections = policies.map(({ name, metadata: { description, custom } }) => {
    const parameters = Object.entries(custom.parameters).map(
      ([key, meaning]) => `- \`${key}\`: ${meaning.replaceAll('\n', ' ')}`,
    );
    const files = `[Rules](../${folder}/${name}/${name}.rego), [tests](../${folder}/${name}/${name}_test.rego), [policy](../${folder}/${name}/policy.yaml), [example](../examples/library/${name}.yaml).`;
    return `### ${name}\n\n${description}\n\n${parameters.join('\n')}\n\n${files}\n`;
  });
  return `| policy | what it asks | relies on |\n| --- | --- | --- |\n${rows.join('\n')}\n\n${sections.join('\n')}`;
}

function read(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8');
}
