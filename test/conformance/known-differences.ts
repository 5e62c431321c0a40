const input = 'A policy always has an input, so `input` itself is never undefined; these cases have none.';
const keys = 'The keys of `data` are text: `data.x[2]` is not the value at the key "2".';
const whole = 'All of `data` holds the policy itself, and a rule that reads it would read itself: it does not compile.';
const exponents = 'JSON may have a number with any exponent; OPA takes it for none where the exponent is too large.';
const formatted = '`format_int` of an integer beyond 64 bits is an error of the policy.';

/** The cases whose result is another one than OPA's, by their notes, and why: what a policy's author can meet. */
export const knownDifferences: ReadonlyMap<string, string> = new Map([
  ['every/domain undefined (input)', input],
  ['inputvalues/loopback undefined', input],
  ['virtualdocs/undefined: in array literal', input],
  ['virtualdocs/undefined: in set literal', input],
  ['virtualdocs/undefined: in set coprehension body', input],
  ['virtualdocs/undefined: in array coprehension body', input],
  ['withkeyword/builtin-value: arity-1, input must still be defined', input],
  ['data/toplevel integer', keys],
  ['data/nested integer', keys],
  ['fix1863/is defined', whole],
  ['topdowndynamicdispatch/dynamic dispatch', whole],
  ['jsonbuiltins/unmarshal number beyond the supported exponent is undefined', exponents],
  ['jsonbuiltins/unmarshal number with too big an exponent is undefined', exponents],
  ['strings/format_int: bignum exact (>64-bit integer, all bases + negative)', formatted],
]);
