/** Takes the bytes of a file, piece by piece, in order; they must not change afterwards. Close it on every path. */
export interface ByteSink {
  /** @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  add(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
