import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outputName } from 'facemirror-core/results/output-names.js';
import { readRunRecord } from '../results/record.js';
import { AppError } from './app-error.js';
import type { ShownVideo } from './shown-video.js';

/** What the review screen is made of; packages/ui/src/backend/review.ts says what each part is. */
export interface ReviewAnswer {
  readonly video: string;
  readonly title: string;
  readonly videos: readonly {
    readonly kind: 'original' | 'debug' | 'left' | 'right';
    readonly address: string;
    readonly proxyAddress: string | null;
  }[];
  readonly tables: Readonly<Record<string, string>>;
  readonly neutral: { readonly start: number; readonly end: number; readonly isChosen: boolean } | null;
  readonly warnings: readonly string[];
}

/** Tables by what the page calls them, and how their files end. */
const TABLES = {
  measures: '_measures.csv',
  left: '_left_mirrored.csv',
  right: '_right_mirrored.csv',
  movements: '_movements.csv',
  byMovement: '_by_movement.csv',
  blinks: '_blinks.csv',
  synkinesis: '_synkinesis.csv',
} as const;

/**
 * Reads what the review of a video needs.
 * @throws AppError 404 for a video without results.
 */
export async function reviewOf(shown: ShownVideo): Promise<ReviewAnswer> {
  const { folder, stem } = shown;
  const there = await shown.files();
  if (!there.has(outputName(stem, 'record')))
    throw new AppError(404, 'NO_RESULTS', 'This video has no results yet. Process it first.');
  const record = await readRunRecord(join(folder, outputName(stem, 'record')));
  const tables: Record<string, string> = {};
  for (const [kind, ending] of Object.entries(TABLES))
    if (there.has(stem + ending)) tables[kind] = await readFile(join(folder, stem + ending), 'utf8');
  const made = (kind: 'debug' | 'left' | 'right'): ReviewAnswer['videos'] => {
    const name = outputName(stem, `${kind}-video`);
    return there.has(name) ? [{ kind, address: fileAddress(shown, name), proxyAddress: null }] : [];
  };
  return {
    video: shown.id,
    title: shown.title,
    videos: [...originalOf(shown, there, made), ...made('left'), ...made('right')],
    tables,
    neutral: neutralOf(record.tables),
    warnings: record.warnings,
  };
}

function originalOf(
  shown: ShownVideo,
  there: ReadonlySet<string>,
  made: (kind: 'debug') => ReviewAnswer['videos'],
): ReviewAnswer['videos'] {
  // A video whose frames were turned has an upright copy: that is what the mirrored faces were made of.
  const upright = outputName(shown.stem, 'source-video');
  if (there.has(upright)) return [{ kind: 'original', address: fileAddress(shown, upright), proxyAddress: null }];
  // Without the video, the one with the midline shows the same frames.
  if (shown.original === null) return made('debug');
  const address = `${videoAddress(shown)}/original`;
  return [{ kind: 'original', address, proxyAddress: `${videoAddress(shown)}/proxy` }];
}

function videoAddress({ id }: ShownVideo): string {
  return `/api/videos/${encodeURIComponent(id)}`;
}

export function fileAddress(shown: ShownVideo, name: string): string {
  return `${videoAddress(shown)}/files/${encodeURIComponent(name)}`;
}

/** The stretch of rest that the record names, in seconds from the video's start. */
function neutralOf({ neutral }: Readonly<Record<string, unknown>>): ReviewAnswer['neutral'] {
  if (typeof neutral !== 'object' || neutral === null) return null;
  const { startSeconds: start, endSeconds: end, chosen } = neutral as Readonly<Record<string, unknown>>;
  return typeof start === 'number' && typeof end === 'number'
    ? { start, end, isChosen: chosen === 'by the user' }
    : null;
}
