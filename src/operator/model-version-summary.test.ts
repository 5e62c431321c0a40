import { expect, test } from 'vitest';
import { allows, aScene, requires } from '../../test/a-snapshot.ts';
import { isTouched, summarizeModelVersion } from './model-version-summary.ts';

const approved = aScene().withPolicy('p', allows()).applied();
const waiting = aScene().withPolicy('p', requires('alice')).applied();

const summaryOf = ({ snapshot: { modelVersion } }: typeof approved, resourceVersion: string) =>
  summarizeModelVersion({ ...modelVersion, metadata: { ...modelVersion.metadata, resourceVersion } });

test('what stands is looked at where it was written, and not where a watch lists it anew', () => {
  expect(isTouched(summaryOf(approved, '1'), summaryOf(approved, '2'))).toBe(true);
  expect(isTouched(summaryOf(approved, '1'), summaryOf(approved, '1'))).toBe(false);
  expect(isTouched(summaryOf(waiting, '1'), summaryOf(waiting, '2'))).toBe(false);
  expect(isTouched(summaryOf(waiting, '1'), summaryOf(approved, '2'))).toBe(false);
});
