import { expect, test } from 'vitest';
import type { GateOutcome, GateRequest } from '../../pipeline/index.ts';
import { buildReport } from './render-gate.ts';

const REQUEST: GateRequest = {
  ...{ namespace: 'risk', model: 'fraud', version: '7', stage: 'Production' },
  ...{ approvers: ['alice'], claims: {} },
};
const DECIDED = {
  ...{ generation: 1, decisionId: 'd', reason: 'r', message: 'm', approvedBy: [], stage: 'None' },
} as const;

const ENDS: readonly GateOutcome['end'][] = [
  { ...DECIDED, kind: 'approved' },
  { ...DECIDED, kind: 'rejected' },
  ...(['changed', 'replaced', 'deleted', 'timed-out', 'unreachable'] as const).map((kind) => ({ kind, message: 'm' })),
];

test.for(['fail_pipeline', 'continue'] as const)(
  'with %s a pipeline goes on after nothing but what that allows',
  (onReject) => {
    const goesOn = ENDS.filter(
      (end) =>
        buildReport({ end, question: null }, REQUEST, { name: 's', onReject }, { name: 'fraud-7', waitedMs: 0 })
          .continue,
    ).map(({ kind }) => kind);
    expect(goesOn).toEqual(onReject === 'continue' ? ['approved', 'rejected'] : ['approved']);
  },
);
