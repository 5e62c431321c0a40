import { expect, test } from 'vitest';
import { printable } from './printable.ts';

test.for([
  ['ordinary text, in any script', 'Jürgen ✓ 模型 🙂', 'Jürgen ✓ 模型 🙂'],
  ['several lines', 'one\ntwo\r\n\tthree', 'one\\ntwo\\r\\n\\tthree'],
  ['a colour', '\x1b[31mred', '\\u001b[31mred'],
  ['an escape of one byte', '\x9b2J', '\\u009b2J'],
  ['letters turned around', 'user\u202etxt', 'user\\u202etxt'],
] as const)('%s', ([, text, expected]) => {
  expect(printable(text)).toBe(expected);
});
