import type { ResultSettings } from 'facemirror-core/settings/settings.js';
import type { FileHash } from '../files/hash.js';

/** A video and where its results go, both as paths below the root. See {@link checkedRelative}. */
export interface Target {
  readonly path: string;
  /** The folder of the results; empty for the root itself. */
  readonly out: string;
  /** What the results are named by. */
  readonly stem: string;
}

/** What results must be of to count as done. */
export interface WantedResults {
  /** Of the video, lower-case hex. */
  readonly sha256: string;
  readonly settings: ResultSettings;
  /** Of the program. */
  readonly version: string;
}

/** A target on this machine, while it is worked on. Close it on every path. */
export interface Workplace {
  /** The video, as a local file. */
  readonly video: string;
  /** A local folder for the results. */
  readonly out: string;
  /**
   * Puts the finished results in their places, the record last. A second machine that does the same puts the same there.
   * @throws FaceMirrorError CANCELLED, STORAGE_UNREACHABLE.
   */
  publish(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Where videos come from and results go: a folder that all machines see, or a bucket. */
export interface Storage {
  /** The root, for sentences. */
  readonly shown: string;
  /**
   * The videos that were asked for, as paths below the root: files, and the videos right inside folders.
   * @throws FaceMirrorError USAGE for what lies outside the root, FILE_UNREADABLE, STORAGE_UNREACHABLE.
   */
  videos(paths: readonly string[]): Promise<readonly { readonly path: string; readonly stem: string }[]>;
  /** The path below the root of a folder as the user wrote it. @throws FaceMirrorError USAGE. */
  folder(path: string): Promise<string>;
  /** @throws FaceMirrorError FILE_UNREADABLE, STORAGE_UNREACHABLE, CANCELLED. */
  hash(path: string, signal?: AbortSignal): Promise<FileHash>;
  /** Whether all results of a target are there, with their record. */
  hasResults(target: Target, wanted: WantedResults): Promise<boolean>;
  /** Removes what a lost worker left of a target. Only for who holds its job. */
  removeHalfMade(target: Target): Promise<void>;
  /**
   * Makes a target ready to be worked on.
   * @param bytes of the video.
   * @throws FaceMirrorError USAGE for a path that leads out of the root, FILE_UNREADABLE, DISK_FULL, CANCELLED.
   */
  begin(target: Target, bytes: number, signal: AbortSignal): Promise<Workplace>;
  close(): void;
}
