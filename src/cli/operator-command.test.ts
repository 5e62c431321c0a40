import { expect, test } from 'vitest';
import { buildOperatorCommand } from './operator-command.ts';

test.for<readonly [readonly string[], readonly string[]]>([
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  [['a,b'], ['a', 'b']],
  [
    ['a, b ', 'a'],
    ['a', 'b'],
  ],
])('--namespaces %j are %j', ([given, expected]) => {
  const command = buildOperatorCommand();
  command.parseOptions(['--namespaces', ...given]);
  expect(command.opts().namespaces).toEqual(expected);
});
