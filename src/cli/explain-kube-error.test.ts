import { expect, test } from 'vitest';
import { KubeApiError } from '../kube/index.ts';
import { explainKubeApiError } from './explain-kube-error.ts';

test.for<{ what: string; code: KubeApiError['code']; answer?: string; says: string }>([
  { what: 'a cluster that is down', code: 'unreachable', says: 'is the cluster running?' },
  { what: 'a cluster that does not answer', code: 'timeout', says: '--context NAME choose another cluster' },
  { what: 'credentials that have run out', code: 'unauthorized', answer: 'Unauthorized', says: 'log in again' },
  { what: 'a missing right', code: 'forbidden', answer: 'sam cannot list', says: 'ClusterRole that allows it' },
  {
    what: 'a cluster without the CRDs',
    code: 'not-found',
    says: 'charts/assent --namespace assent-system --create-namespace`',
  },
  { what: 'an object that is not there', code: 'not-found', answer: 'mv-1 not found', says: 'mv-1 not found' },
  { what: 'a list that took too long', code: 'gone', answer: 'expired', says: 'try again' },
  { what: 'anything else', code: 'invalid', answer: 'the reason is too long', says: 'the reason is too long' },
])('$what: the message says what to do', ({ code, answer, says }) => {
  const error = new KubeApiError(code, `GET /apis: ${answer ?? 'HTTP 404'}`, { answer });
  expect(explainKubeApiError(error).join('\n')).toContain(says);
});

test('who is told the role by the API server itself is not told twice', () => {
  const answer = 'sam may not decide (ClusterRole assent-approver has it)';
  expect(explainKubeApiError(new KubeApiError('forbidden', answer, { answer }))).toEqual([answer]);
});
