import { expect, test } from 'vitest';
import { readStartOptions } from './read-start-options.ts';

test('npm start takes --guard, and shows how it is used where it is asked or misused', () => {
  expect(readStartOptions([])).toEqual({ kind: 'start', guard: false });
  expect(readStartOptions(['--guard'])).toEqual({ kind: 'start', guard: true });
  expect(readStartOptions(['--help'])).toMatchObject({ kind: 'help', usage: expect.stringContaining('--guard') });
  const said = expect.stringMatching(/'--gaurd'.*usage: npm start/s);
  expect(readStartOptions(['--gaurd'])).toEqual({ kind: 'mistake', problem: said });
});
