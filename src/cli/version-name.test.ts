import { Command } from 'commander';
import { expect, test } from 'vitest';
import { versionArgument } from './version-name.ts';

test.for([
  ['fraud-7', 'fraud-7'],
  ['mv/fraud-7', 'fraud-7'],
  ['modelversion/fraud-7', 'fraud-7'],
  ['modelversions/fraud-7', 'fraud-7'],
  ['modelversion.assent.dev/fraud-7', 'fraud-7'],
  ['pod/fraud-7', 'pod/fraud-7'],
] as const)('%s names %s, as for kubectl', ([written, name]) => {
  const command = new Command().addArgument(versionArgument());
  command.parse([written], { from: 'user' });
  expect(command.processedArgs).toEqual([name]);
});
