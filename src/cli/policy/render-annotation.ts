import type { Place } from './policy-source.ts';

/** @returns a workflow command by which GitHub Actions shows a message at its place in the code. */
export function renderAnnotation(
  severity: 'error' | 'warning',
  title: string,
  { file, line, column }: Place,
  message: string,
): string {
  const properties = `file=${property(file)},line=${line},col=${column},title=${property(title)}`;
  return `::${severity} ${properties}::${data(message)}\n`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
