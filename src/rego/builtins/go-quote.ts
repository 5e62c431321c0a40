const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** Go's strconv.Quote, and strconv.QuoteToASCII where `ascii` is true. */
export function quote(text: string, ascii = false): string {
  return `"${[...text].map((rune) => escapes[rune] ?? quoteRune(rune, ascii)).join('')}"`;
}

/** Go's strconv.QuoteRune: between single quotes. */
export function quoteCharacter(rune: string, ascii = false): string {
  const escaped = rune === '"' ? '"' : rune === "'" ? "\\'" : (escapes[rune] ?? quoteRune(rune, ascii));
  return `'${escaped}'`;
}

export function isPrintable(rune: string): boolean {
  return printable.test(rune);
}

function quoteRune(rune: string, ascii: boolean): string {
  const code = rune.codePointAt(0) ?? 0;
  if (isPrintable(rune) && !(ascii && code > 0x7e)) return rune;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  // A byte that is no character, see rego-bytes.ts.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  // Half of a surrogate pair is no rune: Go replaces it.
  if (code >= 0xd800 && code <= 0xdfff) return ascii ? '\\ufffd' : '\ufffd';
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
