import { InvalidArgumentError, Option } from 'commander';
import { STAGES, Stage } from '../api/index.ts';

/** Not by `choices` alone: `Rejected` deserves more than a list of what is allowed. */
export function stageOption(flags: string, description: string): Option {
  return new Option(flags, description).choices(STAGES).argParser((text: string) => {
    const stage = Stage.safeParse(text);
    if (!stage.success) throw new InvalidArgumentError(stage.error.issues.map(({ message }) => message).join('; '));
    return stage.data;
  });
}
