import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRunRecord } from '../results/record.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import { stemOf } from '../results/outputs.js';
import { AppError } from './app-error.js';
import { idOf, type Library, type VideoPlace } from './library.js';

/** What the review screen is made of; packages/ui/src/backend/review.ts says what each part is. */
export interface ReviewAnswer {
  readonly video: string;
  readonly title: string;
  readonly videos: readonly {
    readonly kind: 'original' | 'left' | 'right';
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
export async function reviewOf(library: Library, place: VideoPlace): Promise<ReviewAnswer> {
  const folder = await library.folderThere(place);
  const { file } = await library.factsThere(place);
  const stem = stemOf(file);
  if ((await library.finishedAt(place, { file })) === null)
    throw new AppError(404, 'NO_RESULTS', 'This video has no results yet. Process it first.');
  const record = await readRunRecord(join(folder, outputName(stem, 'record')));
  const there = new Set(await readdir(folder));
  const tables: Record<string, string> = {};
  for (const [kind, ending] of Object.entries(TABLES))
    if (there.has(stem + ending)) tables[kind] = await readFile(join(folder, stem + ending), 'utf8');
  // A video whose frames were turned has an upright copy: that is what the mirrored faces were made of.
  const upright = outputName(stem, 'source-video');
  const original = there.has(upright) ? upright : file;
  return {
    video: idOf(place),
    title: `${place.subject} · ${place.visit} · ${file}`,
    videos: [
      { kind: 'original', address: fileAddress(place, original), proxyAddress: `${videoAddress(place)}/proxy` },
      ...(['left', 'right'] as const).flatMap((kind) => {
        const name = outputName(stem, `${kind}-video`);
        return there.has(name) ? [{ kind, address: fileAddress(place, name), proxyAddress: null }] : [];
      }),
    ],
    tables,
    neutral: neutralOf(record.tables),
    warnings: record.warnings,
  };
}

export function videoAddress(place: VideoPlace): string {
  return `/api/videos/${encodeURIComponent(idOf(place))}`;
}

export function fileAddress(place: VideoPlace, name: string): string {
  return `${videoAddress(place)}/files/${encodeURIComponent(name)}`;
}

/** The stretch of rest that the record names, in seconds from the video's start. */
function neutralOf({ neutral }: Readonly<Record<string, unknown>>): ReviewAnswer['neutral'] {
  if (typeof neutral !== 'object' || neutral === null) return null;
  const { startSeconds: start, endSeconds: end, chosen } = neutral as Readonly<Record<string, unknown>>;
  return typeof start === 'number' && typeof end === 'number'
    ? { start, end, isChosen: chosen === 'by the user' }
    : null;
}
