/** Keeps some numbers a frame, appended in order and read in order as often as needed. */
export interface RecordStore {
  /** Copies a record in. @throws FaceMirrorError `DISK_FULL` or `FILE_UNWRITABLE` when there is no room for it. */
  append(record: Float64Array): void;
  /** Every record, first to last. A record is a view that is valid until the next one is taken. */
  records(): Iterable<Float64Array>;
  /** Forgets everything. Safe to call twice. */
  close(): void;
}
