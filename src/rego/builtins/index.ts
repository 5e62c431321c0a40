import type { BuiltinTable } from './builtin.ts';
import { digestBuiltins } from './digests.ts';
import { encodingBuiltins } from './encodings.ts';
import { semverBuiltins } from './semver.ts';
import { sprintfBuiltins } from './sprintf.ts';
import { stringBuiltins } from './strings.ts';
import { timeBuiltins } from './time.ts';

export type { BuiltinTable } from './builtin.ts';

/** Every builtin that the evaluation implements, by name: what a policy may call besides what OPA compiles in. */
export const builtins: BuiltinTable = {
  ...sprintfBuiltins,
  ...stringBuiltins,
  ...semverBuiltins,
  ...timeBuiltins,
  ...encodingBuiltins,
  ...digestBuiltins,
};
