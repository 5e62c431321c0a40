import { expect, test } from 'vitest';
import { matchesLabels } from '../../../decision/index.ts';
import { CliError } from '../../cli-error.ts';
import { parseLabelSelector } from './parse-label-selector.ts';

const LABELS = { team: 'risk', 'app.kubernetes.io/name': 'fraud', tier: '' };

test.for([
  ['', true],
  ['team=risk', true],
  ['team==risk,app.kubernetes.io/name=fraud', true],
  ['team = credit', false],
  ['team!=credit', true],
  ['absent!=credit', true],
  ['team in (credit, risk)', true],
  ['team in (credit),app.kubernetes.io/name', false],
  ['team notin (credit,fraud)', true],
  ['team', true],
  ['!team', false],
  ['!absent, team', true],
  ['tier=', true],
  ['constructor', false],
] as const)('the selector %j matches: %s', ([text, matches]) => {
  expect(matchesLabels(LABELS, parseLabelSelector(text))).toBe(matches);
});

test.for(['team in risk', 'team~risk', '=risk', 'team in (a', 'a b'])(
  '%j is refused, and told what is right',
  (text) => {
    expect(() => parseLabelSelector(text)).toThrow(CliError);
    expect(() => parseLabelSelector(text)).toThrow('KEY in (A,B)');
  },
);
