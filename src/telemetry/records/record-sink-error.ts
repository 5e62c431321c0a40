/**
 * Why a sink is not opened: `unusable` there is no such file or folder, or it may not be written; `not-records` the file
 * holds something else.
 * Why a record is not kept: `not-written` the disk is full or fails; `taken-over` another process writes there now;
 * `ending` there was no room until the process was told to end.
 * Why it is not delivered yet: `unreachable` no answer; `busy` an answer that asks to come again; `refused` an answer
 * that says that somebody must mend something; `too-large` as refused, of a batch that may be made smaller.
 */
export type RecordSinkErrorCode =
  | 'unusable'
  | 'not-records'
  | 'not-written'
  | 'taken-over'
  | 'ending'
  | 'unreachable'
  | 'busy'
  | 'refused'
  | 'too-large';

/** No record is lost by it: what is not kept does not take effect and is recorded again, what is kept is sent again. */
export class RecordSinkError extends Error {
  override readonly name = 'RecordSinkError';
  readonly code: RecordSinkErrorCode;

  constructor(code: RecordSinkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** @returns the error's own words, for the end of a message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of an address that was tried as IPv4 and IPv6, Node tells the code alone.
  return error.message || ('code' in error ? String(error.code) : error.name);
}
