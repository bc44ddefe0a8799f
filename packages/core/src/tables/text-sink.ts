/** Takes the text of a table, piece by piece, in order. */
export interface TextSink {
  /** Adds text, line feed and all. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  add(text: string): Promise<void>;
}
