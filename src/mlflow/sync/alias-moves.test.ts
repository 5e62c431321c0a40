import { expect, it } from 'vitest';
import { ModelRegistrySpec } from '../../api/index.ts';
import type { SeenVersion } from '../ports.ts';
import { findAliasMoves } from './export-model.ts';
import { createVersionIndex } from './version-index.ts';

interface Held {
  readonly stage: string;
  readonly movedAt?: string;
}

function move(versions: Readonly<Record<string, Held>>, shown: Readonly<Record<string, string>>, exported = {}) {
  const index = createVersionIndex();
  const summaries = new Map<string, SeenVersion>();
  for (const [version, { stage, movedAt = '' }] of Object.entries(versions)) {
    const key = `risk/fraud-${version}`;
    const summary = {
      ...{ generation: 1, model: 'fraud', version, registry: 'mlflow', stage, movedAt },
      ...{ needsWork: false, exportPending: false },
    };
    summaries.set(key, summary);
    index.observe(key, summary);
  }
  const spec = ModelRegistrySpec.parse({ mlflow: { url: 'https://mlflow.example.com' }, export: exported });
  const cache = { get: () => undefined, summary: (key: string) => summaries.get(key), keys: () => summaries.keys() };
  const moves = findAliasMoves('fraud', { spec }, new Map(Object.entries(shown)), { versions: cache, index });
  return moves.map(({ alias, to }) => [alias, to]);
}

const production = (movedAt: string): Held => ({ stage: 'Production', movedAt });

it.each([
  ['the version that came to Production last', { 1: production('1'), 2: production('2') }, {}, [['champion', '2']]],
  ['nobody anew where it is right', { 1: production('1') }, { champion: '1' }, []],
  ['the holder, whoever has it now', { 1: production('1') }, { champion: '9' }, [['champion', '1']]],
  [
    'nobody, once a decision moved its version away',
    { 1: { stage: 'Archived', movedAt: '3' } },
    { champion: '1' },
    [['champion', undefined]],
  ],
  ['a version that nothing was decided about, as it was found', { 1: { stage: 'None' } }, { champion: '1' }, []],
  ['a version that is not ours, as it was found', {}, { champion: '4' }, []],
])('the alias goes to %s', (_, versions, shown, moves) => {
  expect(move(versions, shown)).toEqual(moves);
});

it('goes by the names that the registry is given', () => {
  const versions = { 1: production('1'), 2: { stage: 'Staging', movedAt: '2' } };
  const aliases = { Production: 'live', Staging: 'challenger' };
  expect(move(versions, {}, { aliases })).toEqual([
    ['challenger', '2'],
    ['live', '1'],
  ]);
});
