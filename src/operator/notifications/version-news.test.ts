import { expect, test } from 'vitest';
import { allows, aScene, denies, type Scene } from '../../../test/a-snapshot.ts';
import { readNews } from './version-news.ts';

const DAY_MS = 86_400_000;

const approved = aScene().withPolicy('accuracy', allows()).applied();
const under = (policies: Scene, { snapshot }: Scene) =>
  policies.with({ modelVersion: snapshot.modelVersion, now: snapshot.now }).after(DAY_MS).applied();
const denied = under(aScene().withPolicy('cards', denies()), approved);
const newsOf = ({ snapshot }: Scene) => readNews(snapshot.modelVersion);
const idsOf = (scene: Scene) => newsOf(scene).map(({ id }) => id);

test('a fault is newer news than the decision, which stays the same news', () => {
  const [decision] = idsOf(approved);
  expect(newsOf(denied)).toMatchObject([
    {
      event: 'NotCompliant',
      at: denied.snapshot.now,
      fields: { reason: 'PolicyDenies', currentStage: 'Production', approve: '' },
    },
    { event: 'Approved', id: decision, at: approved.snapshot.now },
  ]);
});

test('a fault in other words is the same news; one that begins anew is not, and none is no news', () => {
  const otherwise = under(aScene().withPolicy('cards', denies('no card')), denied);
  expect(newsOf(otherwise)[0]?.fields.message).toContain('no card');
  expect(idsOf(otherwise)).toEqual(idsOf(denied));
  const cured = under(aScene().withPolicy('cards', allows()), denied);
  expect(idsOf(cured)).toEqual(idsOf(approved));
  const again = under(aScene().withPolicy('cards', denies()), cured);
  expect(idsOf(again)[0]).not.toBe(idsOf(denied)[0]);
});

test('what was said of an older generation is no news of this one', () => {
  expect(newsOf(denied.withSpec({ version: '8' }))).toEqual([]);
});
