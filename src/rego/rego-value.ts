/**
 * A Rego value as builtins see it. An integer is a bigint, so that nanoseconds stay exact; every other number is
 * kept as it was written. A byte of a string that is not UTF-8 is a lone surrogate, see `rego-bytes.ts`. JSON cannot tell
 * a set from an array, Rego can.
 */
export type RegoValue = null | boolean | string | bigint | RegoDecimal | RegoValue[] | RegoSet | RegoObject;

/** A number with a fraction or an exponent. */
export class RegoDecimal {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class RegoSet {
  readonly members: readonly RegoValue[];
  constructor(members: readonly RegoValue[]) {
    this.members = members;
  }
}

/** Its keys may be any values; the order is the evaluation's. */
export class RegoObject {
  readonly entries: readonly (readonly [RegoValue, RegoValue])[];
  constructor(entries: readonly (readonly [RegoValue, RegoValue])[]) {
    this.entries = entries;
  }
}

/** Reads what `opa_value_dump` writes: JSON, and `{1, 2}`, `set()`, and objects with any keys. */
export function parseRegoValue(text: string): RegoValue {
  let at = 0;

  const skip = () => {
    while (text.charCodeAt(at) <= 0x20) at++;
  };
  const accept = (token: string): boolean => {
    skip();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const expect = (token: string) => {
    if (!accept(token)) throw new SyntaxError(`expected ${token} at ${at} of a Rego value`);
  };

  const parseString = (): string => {
    const start = at++;
    while (text[at] !== '"') {
      if (at >= text.length) throw new SyntaxError('unterminated string in a Rego value');
      at += text[at] === '\\' ? 2 : 1;
    }
    at++;
    return JSON.parse(text.slice(start, at));
  };
  const parseNumber = (): bigint | RegoDecimal => {
    const number = /[-+0-9.eE]+/y;
    number.lastIndex = at;
    const [digits = ''] = number.exec(text) ?? [];
    if (digits === '') throw new SyntaxError(`unexpected character at ${at} of a Rego value`);
    at += digits.length;
    return /^-?\d+$/.test(digits) ? BigInt(digits) : new RegoDecimal(digits);
  };
  const parseList = (end: string): RegoValue[] => {
    const items: RegoValue[] = [];
    while (!accept(end)) {
      if (items.length > 0) expect(',');
      items.push(parseValue());
    }
    return items;
  };
  const parseBraces = (): RegoSet | RegoObject => {
    if (accept('}')) return new RegoObject([]);
    const first = parseValue();
    if (!accept(':')) {
      if (accept('}')) return new RegoSet([first]);
      expect(',');
      return new RegoSet([first, ...parseList('}')]);
    }
    const entries: [RegoValue, RegoValue][] = [[first, parseValue()]];
    while (!accept('}')) {
      expect(',');
      const key = parseValue();
      expect(':');
      entries.push([key, parseValue()]);
    }
    return new RegoObject(entries);
  };
  const parseValue = (): RegoValue => {
    skip();
    if (text[at] === '"') return parseString();
    if (accept('[')) return parseList(']');
    if (accept('{')) return parseBraces();
    if (accept('set()')) return new RegoSet([]);
    if (accept('true')) return true;
    if (accept('false')) return false;
    if (accept('null')) return null;
    return parseNumber();
  };

  return parseValue();
}

/** Writes what `opa_value_parse` reads. */
export function encodeRegoValue(value: RegoValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof RegoDecimal) return value.text;
  if (typeof value === 'string') return encodeString(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(encodeRegoValue).join(',')}]`;
  if (value instanceof RegoSet)
    return value.members.length === 0 ? 'set()' : `{${value.members.map(encodeRegoValue).join(',')}}`;
  return `{${value.entries.map(([key, item]) => `${encodeRegoValue(key)}:${encodeRegoValue(item)}`).join(',')}}`;
}

// JSON.stringify writes a lone surrogate as an escape; a byte that is no character has to stay what it is.
function encodeString(text: string): string {
  const quoted = JSON.stringify(text);
  if (text.isWellFormed()) return quoted;
  return quoted.replaceAll(/\\(\\|udc[89a-f][0-9a-f])/g, (escaped, code: string) =>
    code === '\\' ? escaped : String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
}
