import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { z } from 'zod';

/** What V8's collector is asked to do at once. */
type Collection =
  /** Of the young alone, in less than a millisecond. */
  | { readonly type: 'minor' }
  /** Only the last resort moves what lives together, and frees the memory outside the heap that garbage holds. */
  | { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' };

const Collect = z.custom<(collection: Collection) => void>((value) => typeof value === 'function');

/** V8 gives its collector to programs that were started with a flag, and to those that ask for it as they run. */
export function exposeCollector(): (collection: Collection) => void {
  setFlagsFromString('--expose-gc');
  return Collect.parse(runInNewContext('gc'));
}
