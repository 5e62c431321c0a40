/**
 * Values as GitHub Actions reads them from the file that `$GITHUB_OUTPUT` names. A value is other people's words, and
 * may hold line breaks: each stands between lines that nobody can guess.
 *
 * @param random gives text that is different each time
 */
export function renderOutputs(outputs: Readonly<Record<string, string>>, random: () => string): string {
  return Object.entries(outputs)
    .map(([name, value]) => {
      const delimiter = `end-${random()}`;
      return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
    })
    .join('');
}
