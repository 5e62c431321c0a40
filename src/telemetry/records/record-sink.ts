/** What a sink must know of a record: the rest is the business of who records and who reads. */
export interface AnyRecord {
  readonly kind: string;
  readonly id: string;
  /** JSON pointers of what was masked in it. */
  readonly masked?: readonly string[];
}

/** A record, masked, on its way to the sinks. */
export interface RecordEntry {
  readonly record: AnyRecord;
  /** The record as one line of JSON, without the line's end. */
  readonly line: string;
}

/** One place where records go. */
export interface RecordSink extends AsyncDisposable {
  /**
   * Called in the order of the records, without waiting for those before. Resolves when this sink cannot lose the record
   * any more; waits where the sink cannot keep up.
   *
   * @throws RecordSinkError where the record is not kept, and must be written again
   */
  write(entry: RecordEntry): Promise<void>;
}
