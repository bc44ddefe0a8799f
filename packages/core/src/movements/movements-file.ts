import { FaceMirrorError } from '../errors.js';
import { MOVEMENT_CODES, isMovementCode, type MovementCode } from './codes.js';
import { numberIn, parseCsv, type CsvTable } from '../tables/csv.js';
import { MOVEMENT_SOURCES, type Movement, type MovementSource } from './movement.js';

/** Columns of a movements table. Times in seconds from the video's start. */
export const MOVEMENT_COLUMNS = ['start', 'end', 'code', 'source', 'confidence'] as const;

/** The text of a movements table, line by line. A confidence that nobody gave is an empty cell. */
export function* movementsTable(movements: readonly Movement[]): Generator<string> {
  yield `${MOVEMENT_COLUMNS.join(',')}\n`;
  for (const { start, end, code, source, confidence } of movements)
    yield `${start.toFixed(3)},${end.toFixed(3)},${code},${source},${confidence?.toFixed(2) ?? ''}\n`;
}

/**
 * Checks a movements file as far as that goes without its video.
 * @throws FaceMirrorError `USAGE` as {@link parseMovements}
 */
export function checkMovements(text: string, file: string): void {
  parseMovements(text, { file, time: null });
}

/** The video that a movements file is for. */
export interface MovementsFor {
  /**
   * Times of the frames in seconds, in order; null while they are not known, so that the video's end is not checked.
   */
  readonly time: ArrayLike<number> | null;
  /** Name of the file, for errors. */
  readonly file: string;
}

/**
 * Reads the user's movements: a table with the columns start, end and code (source and confidence are optional), or one
 * with an `action` column and a row a frame.
 *
 * @param text of the file: separated by commas, semicolons or tabs
 * @throws FaceMirrorError `USAGE` that names the line: an unknown code, a time that is no number, an end before its
 *   start, a time past the video's end, movements that overlap
 */
export function parseMovements(text: string, video: MovementsFor): readonly Movement[] {
  const table = parseCsv(text, video.file);
  if (table.columns.includes('start') && table.columns.includes('end') && table.columns.includes('code'))
    return checked(fromIntervals(table, video), video);
  if (table.columns.includes('action')) return checked(fromFrames(table, video), video);
  throw new FaceMirrorError(
    'USAGE',
    `${video.file} has neither the columns start, end and code nor a column action; its first line must name them.`,
  );
}

interface Read extends Movement {
  readonly line: number;
}

function fromIntervals(table: CsvTable, { file }: MovementsFor): Read[] {
  const place = (name: string): number => table.columns.indexOf(name);
  return table.rows.map(({ line, cells }) => {
    const cell = (name: string): string => cells[place(name)] ?? '';
    const timeOf = (name: string): number => {
      const time = numberIn(cell(name), table.separator);
      if (Number.isFinite(time) && time >= 0) return time;
      throw refused(file, line, `${name} is "${cell(name)}", which is no time in seconds`);
    };
    const source = cell('source').toLowerCase();
    const confidence = numberIn(cell('confidence'), table.separator);
    if (source !== '' && !(MOVEMENT_SOURCES as readonly string[]).includes(source))
      throw refused(file, line, `source is "${cell('source')}"; it can be ${MOVEMENT_SOURCES.join(', ')}`);
    if (cell('confidence') !== '' && !(confidence >= 0 && confidence <= 1))
      throw refused(file, line, `confidence is "${cell('confidence')}"; it must be from 0 to 1`);
    return {
      line,
      start: timeOf('start'),
      end: timeOf('end'),
      code: codeOf(cell('code'), file, line),
      source: source === '' ? 'imported' : (source as MovementSource),
      confidence: Number.isNaN(confidence) ? null : confidence,
    };
  });
}

/** Frames in a row with the same action are one movement; an empty cell is none. */
function fromFrames(table: CsvTable, { file, time }: MovementsFor): Read[] {
  const action = table.columns.indexOf('action');
  const numbers = table.columns.indexOf('frame');
  const found: { line: number; code: MovementCode; first: number; last: number }[] = [];
  table.rows.forEach(({ line, cells }, row) => {
    const frame = numbers < 0 ? row + 1 : numberIn(cells[numbers] ?? '', table.separator);
    if (!Number.isInteger(frame) || frame < 1)
      throw refused(file, line, `frame is "${cells[numbers] ?? ''}", which is no frame's number`);
    if (time !== null && frame > time.length)
      throw refused(file, line, `frame ${frame} is past the video's last, ${time.length}`);
    const text = cells[action] ?? '';
    if (['', 'none', 'nan', 'null', 'tbc'].includes(text.toLowerCase())) return;
    const code = codeOf(text, file, line);
    const last = found.at(-1);
    if (last !== undefined && last.code === code && frame === last.last + 1) last.last = frame;
    else found.push({ line, code, first: frame, last: frame });
  });
  // Without the video's times frames stand for seconds: the order is all that can be checked.
  const at = (frame: number): number => (time === null ? frame : (time[frame - 1] ?? endOf(time)));
  return found.map(({ line, code, first, last }) => ({
    line,
    start: at(first),
    end: at(last + 1),
    code,
    source: 'imported',
    confidence: null,
  }));
}

/** When the video's last frame ends. */
function endOf(time: ArrayLike<number>): number {
  const last = time[time.length - 1] ?? 0;
  return last + (last - (time[0] ?? 0)) / Math.max(1, time.length - 1);
}

function codeOf(text: string, file: string, line: number): MovementCode {
  const code = text.toUpperCase();
  if (isMovementCode(code)) return code;
  throw refused(file, line, `"${text}" is no movement's code; the codes are ${MOVEMENT_CODES.join(' ')}`);
}

function checked(movements: readonly Read[], { file, time }: MovementsFor): readonly Movement[] {
  const end = time === null ? Infinity : endOf(time);
  const sorted = [...movements].sort((a, b) => a.start - b.start || a.end - b.end);
  sorted.forEach((movement, i) => {
    const before = sorted[i - 1];
    if (!(movement.end > movement.start))
      throw refused(
        file,
        movement.line,
        `the movement ends at ${movement.end} s, not after its start at ${movement.start} s`,
      );
    // Times are written with three decimals.
    if (movement.end > end + 0.0015)
      throw refused(
        file,
        movement.line,
        `the movement ends at ${movement.end} s, but the video at ${end.toFixed(3)} s`,
      );
    if (before !== undefined && movement.start < before.end - 0.0015)
      throw refused(file, movement.line, `the movement overlaps with the one of line ${before.line}`);
  });
  return sorted.map(({ start, end: until, code, source, confidence }) => ({
    start,
    end: until,
    code,
    source,
    confidence,
  }));
}

function refused(file: string, line: number, what: string): FaceMirrorError {
  return new FaceMirrorError('USAGE', `${file}, line ${line}: ${what}.`);
}
