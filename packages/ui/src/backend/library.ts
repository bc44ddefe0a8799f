/** The side of the face that is affected, as the clinician says; `unknown` if nobody did. */
export const AFFECTED = ['unknown', 'left', 'right', 'none'] as const;
export type Affected = (typeof AFFECTED)[number];

/** Where a video belongs. Subject and visit are folder names: pseudonyms, not patients' names. */
export interface VideoPlace {
  readonly subject: string;
  readonly visit: string;
  readonly affected: Affected;
}

export interface LibraryVideo {
  readonly id: string;
  readonly name: string;
  readonly affected: Affected;
  /** Whether there are complete results. */
  readonly hasResults: boolean;
  /** When the results were made, ISO 8601; null without results. */
  readonly finishedAt: string | null;
}

export interface LibraryVisit {
  readonly name: string;
  readonly videos: readonly LibraryVideo[];
}

export interface LibrarySubject {
  readonly name: string;
  readonly visits: readonly LibraryVisit[];
}

/** Everything in the library folder, by name. */
export interface Library {
  readonly subjects: readonly LibrarySubject[];
}

/** A video with where it is, for lists. */
export interface PlacedVideo {
  readonly subject: string;
  readonly visit: string;
  readonly video: LibraryVideo;
}

/** All videos of a library, in its order. */
export function videosOf(library: Library): readonly PlacedVideo[] {
  return library.subjects.flatMap((subject) =>
    subject.visits.flatMap((visit) =>
      visit.videos.map((video) => ({ subject: subject.name, visit: visit.name, video })),
    ),
  );
}
