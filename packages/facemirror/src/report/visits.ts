import { basename } from 'node:path';
import { wantedPictures } from 'facemirror-core/report/pictures.js';
import { MOVEMENT_CODES, type MovementCode } from 'facemirror-core/movements/codes.js';
import { compareVisits, comparisonTable, type Comparison, type Visit } from 'facemirror-core/visits/compare.js';
import { comparisonPage } from 'facemirror-core/visits/comparison-page.js';
import { fetchPictures } from './pictures.js';
import { findVideo } from './report.js';
import { readExamination, type StoredExamination } from './stored.js';

/** A comparison as a page and as a table. */
export interface MadeComparison {
  readonly html: string;
  readonly csv: string;
  readonly comparison: Comparison;
}

/**
 * Compares visits of one patient from the records of their runs.
 * @param paths of the records, first visit first
 * @throws FaceMirrorError USAGE for fewer than two, or for visits whose numbers mean different things; FILE_UNREADABLE.
 */
export async function compareRecords(paths: readonly string[], signal?: AbortSignal): Promise<MadeComparison> {
  const stored = await readVisits(paths);
  const comparison = compareStored(stored, namesOf(stored));
  const pictures: ReadonlyMap<MovementCode, Uint8Array>[] = [];
  for (const each of stored) pictures.push(await peaksOf(each, signal));
  return { html: comparisonPage(comparison, pictures), csv: [...comparisonTable(comparison)].join(''), comparison };
}

/** Reads the examinations of records. @throws as {@link compareRecords}. */
export async function readVisits(paths: readonly string[]): Promise<readonly StoredExamination[]> {
  const stored: StoredExamination[] = [];
  for (const path of paths) stored.push(await readExamination(path));
  return stored;
}

/** Compares examinations under names, first visit first. @throws as {@link compareRecords}. */
export function compareStored(stored: readonly StoredExamination[], names: readonly string[]): Comparison {
  return compareVisits(
    stored.map(({ record, frames, result }, i): Visit => ({
      name: names[i] ?? '',
      suite: record.suite.name,
      measure: frames.header.measure,
      examination: result.examination,
    })),
  );
}

/** What the visits are called: as the runs were told, else by their files; numbered where that tells nothing apart. */
function namesOf(stored: readonly StoredExamination[]): string[] {
  const names = stored.map(({ record: { settings, input } }) => {
    const told = [settings.subject, settings.visit].filter((part) => typeof part === 'string');
    return told.length > 0 ? told.join(' ') : basename(input.file);
  });
  return names.map((name, i) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${i + 1})`));
}

/** The peak of the middle repeat of each movement. */
async function peaksOf(
  { record, folder, frames, result: { examination } }: StoredExamination,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<MovementCode, Uint8Array>> {
  const video = await findVideo(record, folder);
  if (video === null) return new Map();
  const { movements, pictures } = examination;
  const chosen = MOVEMENT_CODES.flatMap((code) => {
    const places = movements.flatMap((movement, place) => (movement.code === code ? [place] : []));
    const peak = pictures[places[places.length >> 1] ?? -1]?.peak ?? null;
    return peak === null ? [] : [{ code, peak }];
  });
  const wanted = wantedPictures({ pictures: chosen.map(({ peak }) => ({ rest: null, peak })) }, frames);
  const found = await fetchPictures(video, wanted, frames.header.camera, signal);
  return new Map(
    chosen.flatMap(({ code, peak }) => {
      const picture = found.get(peak);
      return picture === undefined ? [] : [[code, picture.original] as const];
    }),
  );
}
