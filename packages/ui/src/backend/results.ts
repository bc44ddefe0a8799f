/** One file of a video's results. */
export interface ResultFile {
  readonly name: string;
  readonly bytes: number;
  /** For a download. */
  readonly address: string;
}

/** How the user gets at results that lie where he cannot look: in the browser's own storage. */
export interface ResultAccess {
  files(video: string): Promise<readonly ResultFile[]>;
  /**
   * Writes all of them into a folder that the user picks, and gives its name; null if he picks none. Null as a whole
   * where this browser lets pages write no folders.
   */
  readonly saveToFolder: ((video: string, onProgress: (fraction: number) => void) => Promise<string | null>) | null;
}
