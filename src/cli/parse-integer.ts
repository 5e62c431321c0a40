import { InvalidArgumentError } from 'commander';

/** @returns a parser of options that takes whole numbers in these bounds. */
export function parseInteger(min: number, max: number): (value: string) => number {
  return (value) => {
    const parsed = Number(value);
    if (!Number.isInteger(parsed) || parsed < min || parsed > max)
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    return parsed;
  };
}
