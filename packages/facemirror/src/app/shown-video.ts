/** A video with what a run left of it, wherever that lies. */
export interface ShownVideo {
  readonly id: string;
  /** For display. */
  readonly title: string;
  /** Folder of the results, with all links followed. */
  readonly folder: string;
  /** What the results' names begin with. */
  readonly stem: string;
  /** The video itself; null where it is not there any more. */
  readonly original: { readonly folder: string; readonly name: string } | null;
  /** Where its copy for browsers without a decoder for it is kept. */
  readonly copy: { readonly folder: string; readonly name: string };
  /** Names of the files of this video that the page may read. */
  /** Writes the examination report, where that may be done and can be; whether it did. */
  readonly makeReport: () => Promise<boolean>;
  readonly files: () => Promise<ReadonlySet<string>>;
}

/** A list of videos as the page has it; packages/ui/src/backend/library.ts says what each part is. */
export interface VideoList {
  readonly subjects: readonly {
    readonly name: string;
    readonly visits: readonly { readonly name: string; readonly videos: readonly ListedVideo[] }[];
  }[];
}

export interface ListedVideo {
  readonly id: string;
  readonly name: string;
  readonly affected: string;
  readonly hasResults: boolean;
  /** ISO 8601; null without results. */
  readonly finishedAt: string | null;
}

/** Where videos with results are looked up. */
export interface ShownVideos {
  list(): Promise<VideoList>;
  /** @throws AppError 400 for an id that cannot be, 404 for a video that is not there. */
  shown(id: string): Promise<ShownVideo>;
}
