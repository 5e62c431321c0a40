import { expect, it } from 'vitest';
import { createGroupCommit } from './group-commit.ts';

it('what comes while a group is committed is committed together, in order', async () => {
  const groups: (readonly number[])[] = [];
  let finish = Promise.withResolvers<void>();
  const group = createGroupCommit<number>(async (items) => {
    groups.push(items);
    await finish.promise;
  });
  const first = group.add(1);
  const others = Promise.all([2, 3, 4].map((item) => group.add(item)));
  finish.resolve();
  await first;
  finish = Promise.withResolvers();
  expect(groups).toEqual([[1], [2, 3, 4]]);
  finish.resolve();
  await others;
});

it('a group that fails is told to each of its members, and the next is committed', async () => {
  const group = createGroupCommit<string>(async (items) => {
    if (items.includes('bad')) throw new Error('disk full');
  });
  const added = ['good', 'bad', 'beside it'].map((item) => group.add(item));
  expect((await Promise.allSettled(added)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  await expect(group.add('good again')).resolves.toBeUndefined();
});

it('is idle when all is committed', async () => {
  let committed = 0;
  const group = createGroupCommit<number>(async (items) => {
    await Promise.resolve();
    committed += items.length;
  });
  for (const item of [1, 2, 3]) void group.add(item);
  await group.idle();
  expect(committed).toBe(3);
});
