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

/** What random programs showed to be another one than OPA's. */
export const programDifferences: readonly string[] = [
  'Numbers with a fraction are decimals, exact to 34 digits, where OPA has binary floats: the last digits differ, and with them comparisons such as `0.94 - 0.93 >= 0.01`.',
  'A set, and the keys of an object, have an order of their own, always the same for the same input, where OPA sorts: in `[x | some x in {…}]`, in `concat` of a set, in template strings, in `json.marshal`. `sprintf` sorts; `sort` gives an array to go by.',
  '`json.marshal` writes `&`, `<` and `>` as they are, where OPA writes `\\u0026` and so on.',
  '`json.unmarshal` reads, and `json.is_valid` accepts, a text that only begins with JSON: `2h45m` is 2.',
  '`base64.is_valid` is true of texts that are not base64, such as `ab`.',
  '`indexof` of an empty text is an integer, where OPA has no value.',
  "`ceil` and `floor` of a number between -1 and 0 are 0 and -1; OPA's interpreter says 1 and 0.",
  '`0 / 0` is an error of the policy, where OPA has no value; any other division by zero has none here, too.',
  '`replace` of an empty text does not end, and is stopped at the deadline.',
  'Text that is not UTF-8 is an error of the policy where a builtin gives it (`hex.decode`, `urlquery.decode`); `base64.decode` may give it to `hex.encode` and to the digests.',
];
