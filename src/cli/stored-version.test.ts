import { describe, expect, test } from 'vitest';
import { allows, aScene } from '../../test/a-snapshot.ts';
import { currentDecision, parseVersion } from './stored-version.ts';

const { modelVersion } = aScene().withPolicy('accuracy', allows()).applied().snapshot;

describe('a version', () => {
  test('of a newer operator, with fields that are not known, is read', () => {
    const decision = { ...modelVersion.status?.decision, mood: 'good', policies: [] };
    const newer = { ...modelVersion, status: { ...modelVersion.status, decision, mood: 'good' } };
    expect(currentDecision(parseVersion(newer))).toMatchObject({ outcome: 'Approved' });
  });

  test('whose spec does not fit the schemas is read all the same', () => {
    expect(parseVersion({ ...modelVersion, spec: { ...modelVersion.spec, approvers: 'bob' } })).toMatchObject({
      status: { stage: 'Production' },
    });
  });

  test('that cannot be read is told with its field and what to do', () => {
    const status = { ...modelVersion.status, stage: 'Nirvana' };
    expect(() => parseVersion({ ...modelVersion, status })).toThrow(
      /^fraud-7: status\.stage: the stage must be one of .*\nthe operator may be newer than this program: update it$/,
    );
  });
});
