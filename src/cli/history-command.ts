import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from './cluster-options.ts';
import { readVersion } from './read-version.ts';
import { renderTable } from './render-table.ts';
import type { StoredVersion } from './stored-version.ts';
import { locateVersion, versionArgument } from './version-name.ts';

const HISTORY_FORMATS = ['table', 'json', 'yaml'] as const;
type HistoryFormat = (typeof HISTORY_FORMATS)[number];

interface HistoryOptions extends NamespaceOptions {
  readonly output: HistoryFormat;
}

export function buildHistoryCommand(): Command {
  return addNamespaceOptions(
    new Command('history')
      .summary('the moves of a version from stage to stage')
      .description('Shows the moves of a version from stage to stage, oldest first: the newest 50 are kept.')
      .addArgument(versionArgument())
      .addOption(new Option('-o, --output <format>', 'output format').choices(HISTORY_FORMATS).default('table')),
  ).action(async (name: string, options: HistoryOptions) => {
    await using cluster = openCluster(options);
    const version = await readVersion(cluster, locateVersion(cluster, name, options));
    if (version.status.history.length === 0) console.error(`${name} has not moved yet`);
    process.stdout.write(renderHistory(version, options.output));
  });
}

export function renderHistory({ status }: StoredVersion, format: HistoryFormat): string {
  const moves = status.history.toReversed();
  switch (format) {
    case 'json':
      return `${JSON.stringify(moves, null, 2)}\n`;
    case 'yaml':
      return stringify(moves, { lineWidth: 0 });
    case 'table':
      return moves.length === 0
        ? ''
        : renderTable(
            ['AT', 'FROM', 'TO', 'REASON', 'GENERATION', 'DECISION'],
            moves.map(({ at, from, to, reason, generation, decisionId }) => [
              ...[at, from, to, reason, String(generation), shorten(decisionId)],
            ]),
          );
  }
}

/** Enough to tell decisions apart. */
function shorten(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
