import { FaceMirrorError } from '../errors.js';

/** A table that was read from text: its columns' names in lower case, and its rows' cells. */
export interface CsvTable {
  readonly columns: readonly string[];
  /** Each with its line in the file, counted from 1. Empty lines are left out. */
  readonly rows: readonly { readonly line: number; readonly cells: readonly string[] }[];
  readonly separator: ',' | ';' | '\t';
}

const SEPARATORS = [',', ';', '\t'] as const;

/**
 * Reads a table of comma, semicolon or tab separated values (RFC 4180 quotes; a byte order mark is dropped). The
 * separator is the one that the header has most of.
 * @param name of the file, for the error
 * @throws FaceMirrorError `USAGE` when there is no header
 */
export function parseCsv(text: string, name: string): CsvTable {
  const body = text.replace(/^\uFEFF/, '');
  const header = body.split(/\r\n|\n|\r/, 1)[0] ?? '';
  if (header.trim() === '' || header.includes('\0'))
    throw new FaceMirrorError('USAGE', `${name} is not a table: its first line must name the columns.`);
  const separator = SEPARATORS.reduce((best, each) => (count(header, each) > count(header, best) ? each : best));
  const [first, ...rows] = records(body, separator);
  return { columns: (first?.cells ?? []).map((cell) => cell.toLowerCase()), rows, separator };
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function records(text: string, separator: string): { line: number; cells: string[] }[] {
  const found: { line: number; cells: string[] }[] = [];
  let line = 1;
  let started = 1;
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  const endRow = (): void => {
    cells.push(cell.trim());
    if (cells.some((each) => each !== '')) found.push({ line: started, cells });
    cells = [];
    cell = '';
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? '';
    if (quoted && character === '"' && text[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (character === '"' && (quoted || cell.trim() === '')) quoted = !quoted;
    else if (!quoted && character === separator) {
      cells.push(cell.trim());
      cell = '';
    } else if (!quoted && (character === '\n' || character === '\r')) {
      if (character === '\r' && text[i + 1] === '\n') i++;
      endRow();
      line++;
      started = line;
    } else {
      if (character === '\n') line++;
      cell += character;
    }
  }
  endRow();
  return found;
}

/**
 * A number as a table has it; with semicolons or tabs between cells a comma can be its decimal point. NaN when it is
 * none.
 */
export function numberIn(cell: string, separator: CsvTable['separator']): number {
  const text = separator === ',' ? cell : cell.replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
}
