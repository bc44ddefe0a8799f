/** Codes of the examination's movements (docs/examination.md), and BL for rest. */
export const MOVEMENT_CODES = [
  'BL',
  'RE',
  'ES',
  'ET',
  'SS',
  'BS',
  'SO',
  'SE',
  'FR',
  'BK',
  'WN',
  'PL',
  'BC',
  'LT',
] as const;
export type MovementCode = (typeof MOVEMENT_CODES)[number];

export type MovementSource = 'proposed' | 'imported' | 'edited';

/** One movement of the face. */
export interface Movement {
  /** Seconds, as the tables' timestamps count them. */
  readonly start: number;
  /** Seconds; after `start`. */
  readonly end: number;
  readonly code: MovementCode;
  readonly source: MovementSource;
  /** 0 to 1; null for movements that a person gave. */
  readonly confidence: number | null;
}

/** A stretch of the video, in seconds as the tables' timestamps count them. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** The stretch in which the face is at rest. */
export interface NeutralStretch extends Stretch {
  /** By a person; else it is the calmest second. */
  readonly isChosen: boolean;
}

/** What the user changed in the review. */
export interface ExaminationEdit {
  /** Null: those that the program proposes. */
  readonly movements: readonly Movement[] | null;
  /** When the face is at rest; null: the calmest second. */
  readonly neutral: Stretch | null;
}

/** A video to show, with the address that the player reads by ranges. */
export interface PlayableVideo {
  /** `debug`: the original with the midline, where the original itself is gone. */
  readonly kind: 'original' | 'debug' | 'left' | 'right';
  readonly address: string;
  /** An H.264 copy for browsers that cannot decode the original; null if there is none to ask for. */
  readonly proxyAddress: string | null;
}

/** Everything the review of one video is made of. Tables are CSV text, as in the results folder. */
export interface ReviewFiles {
  readonly video: string;
  readonly title: string;
  readonly videos: readonly PlayableVideo[];
  /** CSV text by kind; a kind that this run has no table of is absent. */
  readonly tables: Readonly<Partial<Record<TableKind, string>>>;
  /** Null when no frame has a face. */
  readonly neutral: NeutralStretch | null;
  readonly warnings: readonly string[];
}

export type TableKind =
  'measures' | 'left' | 'right' | 'movements' | 'byMovement' | 'blinks' | 'synkinesis' | 'quality';
