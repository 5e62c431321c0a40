import type { BuiltinTable } from './builtin.ts';
import { stringOperand, stringsOperand } from './operands.ts';

export const stringBuiltins: BuiltinTable = {
  'strings.any_prefix_match': (search, base) => {
    const prefixes = stringsOperand(base);
    return stringsOperand(search).some((text) => prefixes.some((prefix) => text.startsWith(prefix)));
  },
  'strings.any_suffix_match': (search, base) => {
    const suffixes = stringsOperand(base);
    return stringsOperand(search).some((text) => suffixes.some((suffix) => text.endsWith(suffix)));
  },
  'strings.count': (text, part) => BigInt(countParts(stringOperand(text), stringOperand(part))),
};

// As Go's strings.Count: an empty part lies before and after each character.
function countParts(text: string, part: string): number {
  return part === '' ? [...text].length + 1 : text.split(part).length - 1;
}
