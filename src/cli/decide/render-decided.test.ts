import { expect, test } from 'vitest';
import { aScene, requires, type Scene } from '../../../test/a-snapshot.ts';
import { parseVersion } from '../stored-version.ts';
import { renderDecided, renderUnseen } from './render-decided.ts';

const waiting = aScene().withPolicy('leads', { require: [{ approvers: ['alice', 'bob'], count: 2 }] });

function shown(scene: Scene): string {
  const version = parseVersion(scene.applied().snapshot.modelVersion);
  const record = version.status.approvals.at(-1);
  if (!record) throw new Error('nobody has decided');
  return renderDecided({ record, version }, (_, text) => text);
}

test('an approval that counts and is not enough says what is missing', () => {
  expect(shown(waiting.decidedBy('alice', 'approve', 'ok'))).toBe(`approval of fraud-7 by alice is recorded and counts
AwaitingApproval (stage None): waits for 1 approval by alice, bob
`);
});

test('a decision that does not count says why', () => {
  expect(shown(waiting.decidedBy('eve\n', 'reject', 'no'))).toMatch(
    /^rejection of fraud-7 by eve\\n is recorded and does not count: eve\\n is not among the approvers: alice, bob\n/,
  );
});

test('a spec that changed in the moment of the decision is told, and nothing where it did not', () => {
  const version = parseVersion(aScene().withPolicy('leads', requires('alice')).withSpec({}).snapshot.modelVersion);
  expect(renderUnseen({ version, lookedAt: 1 }, 'approve')).toContain('the approval is for generation 2, which nobody');
  expect(renderUnseen({ version, lookedAt: 2 }, 'approve')).toBe('');
});
