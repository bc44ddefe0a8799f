/**
 * A CSV table of the results: comma-separated, one row of names; cells never hold commas inside quotes but for names.
 */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Reads the CSV text of a result file. */
export function parseCsv(text: string): Table {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const [head = '', ...body] = lines;
  return { columns: cellsOf(head), rows: body.map(cellsOf) };
}

function cellsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let index = 0; index < line.length; index++) {
    const mark = line[index] ?? '';
    if (mark === '"') {
      if (isQuoted && line[index + 1] === '"') {
        cell += '"';
        index++;
      } else isQuoted = !isQuoted;
    } else if (mark === ',' && !isQuoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += mark;
  }
  return [...cells, cell.trim()];
}

/** A column as numbers; NaN where a cell is empty. */
export function numbersOf(table: Table, column: string): Float64Array | null {
  const index = table.columns.indexOf(column);
  if (index === -1) return null;
  return Float64Array.from(table.rows, (row) => {
    const cell = row[index] ?? '';
    return cell === '' ? NaN : Number(cell);
  });
}
