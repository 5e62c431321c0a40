import type { BuiltinTable } from './builtin.ts';
import { digestBuiltins } from './digests.ts';
import { encodingBuiltins } from './encodings.ts';
import { opaBuiltins } from './opa-builtins.ts';
import { semverBuiltins } from './semver.ts';
import { sprintfBuiltins } from './sprintf.ts';
import { stringBuiltins } from './strings.ts';
import { timeBuiltins } from './time.ts';

export type { Builtin, BuiltinTable } from './builtin.ts';
export { opaBuiltins, presentBuiltins } from './opa-builtins.ts';
export { parseRfc3339 } from './time.ts';

/** The builtins that are written here: those that policies call most, and that cost too little to ask OPA's own code. */
export const builtins: BuiltinTable = {
  ...sprintfBuiltins,
  ...stringBuiltins,
  ...semverBuiltins,
  ...timeBuiltins,
  ...encodingBuiltins,
  ...digestBuiltins,
};

/** Every builtin that the evaluation has: what a policy may call besides what OPA compiles into its module. */
export const hostBuiltins: readonly string[] = [...Object.keys(builtins), ...opaBuiltins].sort();
