import { LEAST_REPEATS, type Comparison } from 'facemirror-core/visits/compare.js';
import { compareStored, readVisits } from '../../report/visits.js';

/** A video that is compared. */
export interface ComparedVideo {
  /** Path of its run's record. */
  readonly record: string;
  /** As the table calls it. */
  readonly name: string;
  readonly subject: string;
}

/** The table of change; packages/ui/src/backend/backend.ts says what each part is. */
export interface ComparisonAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly notes: readonly string[];
}

/**
 * Compares videos, first visit first: the numbers of `facemirror compare`, without its pictures.
 * @throws FaceMirrorError as `compareRecords`.
 */
export async function compareVideos(videos: readonly ComparedVideo[]): Promise<ComparisonAnswer> {
  const stored = await readVisits(videos.map(({ record }) => record));
  const comparison = compareStored(
    stored,
    videos.map(({ name }) => name),
  );
  return { columns: columnsOf(comparison), rows: rowsOf(comparison), notes: notesOf(comparison, videos) };
}

function columnsOf({ visits }: Comparison): string[] {
  const ofVisits = visits.flatMap(({ name }, i) => [
    name,
    `repeats_${i + 1}`,
    ...(i === 0 ? [] : [`change_${i + 1}`, `smallest_detectable_change_${i + 1}`, `beyond_${i + 1}`]),
  ]);
  return ['code', 'quantity', 'name', 'side', 'unit', ...ofVisits];
}

function rowsOf({ rows }: Comparison): (string | number | null)[][] {
  return rows.map(({ code, quantity, name, side, unit, values, changes }) => {
    const ofVisits = values.flatMap(({ value, repeats }, i) => {
      const { change = null, sdc = null, isBeyond = null } = changes[i] ?? {};
      return i === 0
        ? [value, repeats]
        : [value, repeats, change, sdc, isBeyond === null ? null : isBeyond ? 'yes' : 'no'];
    });
    return [code, quantity, name, side, unit, ...ofVisits];
  });
}

function notesOf({ visits, rows }: Comparison, videos: readonly ComparedVideo[]): string[] {
  const [first] = visits;
  const notes = [
    `Changes are against ${first?.name ?? 'the first visit'}. A change within the smallest detectable change can be chance.`,
  ];
  if (rows.some(({ changes }) => changes.some(({ change, sdc }) => change !== null && sdc === null)))
    notes.push(
      `Where the smallest detectable change is empty, it is unknown: it needs ${LEAST_REPEATS} repeats of the movement in both visits.`,
    );
  const subjects = [...new Set(videos.map(({ subject }) => subject))];
  if (subjects.length > 1)
    notes.push(
      `These videos are of different subjects (${subjects.join(', ')}): a difference is no change of a patient.`,
    );
  return notes;
}
