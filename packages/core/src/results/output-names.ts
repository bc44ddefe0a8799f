import type { ExaminationTables } from '../examination/tables.js';
import type { PictureKind } from '../flow/frame-flow.js';

/** The kinds of files that a run makes of one video. */
export type OutputKind =
  | 'left-video'
  | 'right-video'
  | 'debug-video'
  | 'source-video'
  | 'left-table'
  | 'right-table'
  | 'measures-table'
  | 'expression-table'
  | 'movements-table'
  | 'by-movement-table'
  | 'synkinesis-table'
  | 'blinks-table'
  | 'landmarks-table'
  | 'frames'
  | 'examination-page'
  | 'performance-page'
  | 'record';

const SUFFIXES: Readonly<Record<OutputKind, string>> = {
  'left-video': '_left_mirrored.mp4',
  'right-video': '_right_mirrored.mp4',
  'debug-video': '_debug.mp4',
  'source-video': '_source.mp4',
  'left-table': '_left_mirrored.csv',
  'right-table': '_right_mirrored.csv',
  'measures-table': '_measures.csv',
  'expression-table': '_expression.csv',
  'movements-table': '_movements.csv',
  'by-movement-table': '_by_movement.csv',
  'synkinesis-table': '_synkinesis.csv',
  'blinks-table': '_blinks.csv',
  'landmarks-table': '_landmarks.csv',
  frames: '_frames.bin',
  'examination-page': '_report.html',
  'performance-page': '_performance.html',
  record: '.json',
};
/** In the order in which they are listed. */
export const OUTPUT_KINDS = Object.keys(SUFFIXES) as readonly OutputKind[];

/** Name of an output in the folder of the results. */
export function outputName(stem: string, kind: OutputKind): string {
  return `${stem}${SUFFIXES[kind]}`;
}

/** The end of an output's name, behind the stem. */
export function outputSuffix(kind: OutputKind): string {
  return SUFFIXES[kind];
}

export const VIDEO_OUTPUTS: Readonly<Record<PictureKind, OutputKind>> = {
  left: 'left-video',
  right: 'right-video',
  debug: 'debug-video',
  source: 'source-video',
};

/** Where each table of an examination goes. */
export const TABLE_OUTPUTS: Readonly<Record<keyof ExaminationTables, OutputKind>> = {
  left_mirrored: 'left-table',
  right_mirrored: 'right-table',
  measures: 'measures-table',
  movements: 'movements-table',
  by_movement: 'by-movement-table',
  synkinesis: 'synkinesis-table',
  blinks: 'blinks-table',
};
