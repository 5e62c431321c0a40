/** What a user did that cannot be done, said so that they can repair it. Each problem is one line. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options);
    this.problems = problems;
  }
}
