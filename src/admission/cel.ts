/** One named expression; later ones and the rules read it as `variables.NAME`. */
export interface CelVariable {
  readonly name: string;
  readonly expression: string;
}

/** One rule of a ValidatingAdmissionPolicy. */
export interface CelValidation {
  readonly expression: string;
  /** One line, for where `messageExpression` is missing or fails. */
  readonly message: string;
  readonly messageExpression?: string;
  /** `Forbidden` answers 403, as RBAC does; `Invalid` 422. */
  readonly reason: 'Forbidden' | 'Invalid';
}

/** @returns `text` as a CEL string literal. */
export function celString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** @returns `texts` as a CEL list of string literals. */
export function celList(texts: readonly string[]): string {
  return `[${texts.map(celString).join(', ')}]`;
}

/** @returns one expression over several lines, to be read. */
export function celLines(...lines: readonly string[]): string {
  return lines.join('\n');
}
