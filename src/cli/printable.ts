/**
 * Reasons and names are other people's words. What would steer a terminal, or turn the order of the letters around, is
 * shown in place of obeyed.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (character) => NAMES[character] ?? `\\u${hex(character)}`);
}

/** Controls (C0, DEL, C1), line separators, and the marks of bidirectional text. */
const STEERING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const NAMES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
}
