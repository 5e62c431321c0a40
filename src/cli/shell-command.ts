/** A command line that a reader can paste into a shell; what is undefined is left out. */
export function renderShellCommand(
  words: readonly string[],
  flags: Readonly<Record<string, string | undefined>>,
): string {
  const given = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return [...words, ...given].map(quote).join(' ');
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
