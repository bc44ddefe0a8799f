import type { PlayableVideo, ReviewFiles, NeutralStretch, TableKind } from 'facemirror-ui/backend/review.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { outputName, type OutputKind } from 'facemirror-core/results/output-names.js';
import { currentResults, idOf, storedVideo, type StoredPlace } from '../storage/library.js';
import { fileAddress } from './addresses.js';

const TABLES: Readonly<Partial<Record<TableKind, OutputKind>>> = {
  measures: 'measures-table',
  left: 'left-table',
  right: 'right-table',
  movements: 'movements-table',
  byMovement: 'by-movement-table',
  blinks: 'blinks-table',
};

/** What the review of a video needs. @throws FaceMirrorError FILE_UNREADABLE for a video without results. */
export async function reviewOf(place: StoredPlace, site: string): Promise<ReviewFiles> {
  const { facts } = await storedVideo(place);
  const results = await resultsOf(place);
  const { stem } = place;
  const record = recordFrom((await results.get(outputName(stem, 'record'))?.getFile()) ?? null);
  const { warnings, neutral } = await record;
  const tables: Partial<Record<TableKind, string>> = {};
  for (const [kind, output] of Object.entries(TABLES)) {
    const file = await results.get(outputName(stem, output))?.getFile();
    if (file !== undefined) tables[kind as TableKind] = await file.text();
  }
  // A video whose frames were turned has an upright copy: that is what the mirrored faces were made of.
  const upright = outputName(stem, 'source-video');
  const original = results.has(upright) ? upright : facts.file;
  const videos: PlayableVideo[] = [
    { kind: 'original', address: fileAddress(site, place, original), proxyAddress: null },
  ];
  for (const kind of ['left', 'right'] as const) {
    const name = outputName(stem, `${kind}-video`);
    if (results.has(name)) videos.push({ kind, address: fileAddress(site, place, name), proxyAddress: null });
  }
  return {
    video: idOf(place),
    title: `${place.subject} · ${place.visit} · ${facts.file}`,
    videos,
    tables,
    neutral,
    warnings,
  };
}

/** The files of the results that count, by name. @throws FaceMirrorError FILE_UNREADABLE where there are none. */
export async function resultsOf(place: StoredPlace): Promise<ReadonlyMap<string, FileSystemFileHandle>> {
  const results = await currentResults(place);
  if (results === null)
    throw new FaceMirrorError('FILE_UNREADABLE', 'This video has no results yet. Process it first.');
  return results.files;
}

async function recordFrom(
  file: File | null,
): Promise<{ readonly warnings: readonly string[]; readonly neutral: NeutralStretch | null }> {
  if (file === null) return { warnings: [], neutral: null };
  const { warnings, tables } = JSON.parse(await file.text()) as {
    readonly warnings?: readonly string[];
    readonly tables?: {
      readonly neutral?: { readonly startSeconds?: unknown; readonly endSeconds?: unknown; readonly chosen?: unknown };
    };
  };
  const { startSeconds: start, endSeconds: end, chosen } = tables?.neutral ?? {};
  return {
    warnings: warnings ?? [],
    neutral:
      typeof start === 'number' && typeof end === 'number' ? { start, end, isChosen: chosen === 'by the user' } : null,
  };
}
