import pc from 'picocolors';
import type { CoverageResult, FallbackCause, Impact, Partition } from '../coverage/result.js';
import type { LogComparison } from '../logs/compare.js';
import { bytes, plural, printable, ranges } from './format.js';
import {
  causesTable,
  comparisonTable,
  differingNodesTable,
  figures,
  partitionsTable,
  subgraphsTable,
  variantsTable,
  workTable,
  type Table,
} from './tables.js';
import {
  freeDimensionsNote,
  meaning,
  nodeTitle,
  operatorTitle,
  targetLine,
  tensorTitle,
  variantsNote,
} from './wording.js';

export type Colours = ReturnType<typeof pc.createColors>;

/** How a text for a terminal is written. */
export interface TerminalOptions {
  /** Off by default. */
  readonly colour?: boolean;
  /** Columns of the terminal; 100 when left out. Tables may be wider. */
  readonly width?: number;
  /** True to write every cause, node and partition; otherwise a text of more than two screens is cut down. */
  readonly all?: boolean;
}

/** Two screens of a terminal. */
const MOST_LINES = 100;
/** What a text that is cut down shows of each list. */
const BRIEF = { causes: 6, causesInFull: 3, nodesOfCause: 3, partitions: 8 } as const;

/**
 * The analysis as text for a terminal: figures first, then causes, partitions, nodes and notes.
 *
 * @example
 * const text = coverageText(await analyseCoverage('model.onnx'), null, { colour: false });
 * text.includes('partition'); // true
 */
export function coverageText(
  result: CoverageResult,
  comparison: LogComparison | null = null,
  options: TerminalOptions = {},
): string {
  const full = pageOf(result, comparison, options, false);
  const text = full.toString();
  return options.all === true || full.length <= MOST_LINES
    ? text
    : pageOf(result, comparison, options, true).toString();
}

function pageOf(
  result: CoverageResult,
  comparison: LogComparison | null,
  options: TerminalOptions,
  isBrief: boolean,
): TextPage {
  const page = new TextPage(options);
  const { colours } = page;
  page.line(colours.bold(printable(result.model)));
  page.line(colours.dim(targetLine(result)));
  page.gap();
  const labels = Math.max(...figures(result).map(([label]) => label.length));
  for (const [label, value] of figures(result))
    page.line(`  ${label.padEnd(labels)}  ${colours.bold(value.padStart(9))}`);
  page.gap();
  page.line(`  Impact  ${impactColour(result.impact, colours)(colours.bold(result.impact))}`);
  page.paragraph(result.advice, '  ');

  page.section('Formats and shapes', variantsTable(result), variantsNote(result.target));
  page.section('Share of the work', workTable(result), freeDimensionsNote(result.partitions));
  const { causes, partitions } = result;
  page.section(
    'Left to the CPU: what each cause alone costs',
    isBrief ? firstRows(causesTable(result), BRIEF.causes) : causesTable(result),
  );
  if (isBrief) more(page, causes.length - BRIEF.causes, 'cause');
  for (const cause of isBrief ? causes.slice(0, BRIEF.causesInFull) : causes)
    causeNodes(page, result, cause, isBrief ? BRIEF.nodesOfCause : Infinity);
  page.section(
    'Partitions, in the order of the provider',
    isBrief ? firstRows(partitionsTable(result), BRIEF.partitions) : partitionsTable(result),
  );
  if (isBrief) more(page, partitions.length - BRIEF.partitions, 'partition');
  else partitions.forEach((partition) => boundary(page, partition));
  page.section(
    'Inside If, Loop and Scan',
    isBrief ? firstRows(subgraphsTable(result), BRIEF.partitions) : subgraphsTable(result),
  );
  if (isBrief) more(page, result.subgraphs.length - BRIEF.partitions, 'subgraph');
  if (isBrief) {
    page.gap();
    page.paragraph(
      'Shortened to two screens; --all shows every cause, node and boundary, --html a page of them.',
      '  ',
    );
  }
  if (comparison !== null) comparisonText(page, comparison);

  page.heading('What this says and what it does not');
  for (const note of [meaning(result.target), result.rules.statement, ...result.notes])
    page.paragraph(note, '  ', '- ');
  return page;
}

function firstRows({ columns, rows }: Table, most: number): Table {
  return { columns, rows: rows.slice(0, most) };
}

/** Says how many of a list are left out, where some are. */
function more(page: TextPage, left: number, noun: string): void {
  if (left > 0) page.line(`  ${page.colours.dim(`and ${plural(left, noun)} more`)}`);
}

function causeNodes(page: TextPage, { perNode }: CoverageResult, { text, nodes }: FallbackCause, most: number): void {
  page.gap();
  page.paragraph(`${text} (${plural(nodes.length, 'node')})`, '  ');
  let said = text.replace(/ \(for example\)$/, '');
  for (const index of nodes.slice(0, most)) {
    const node = perNode[index];
    if (node === undefined) continue;
    page.line(`    ${page.colours.dim(String(index).padStart(5))}  ${operatorTitle(node)}  ${nodeTitle(node)}`);
    if (node.reason === null || node.reason.text === said) continue;
    said = node.reason.text;
    page.paragraph(said, '           ');
  }
  more(page, nodes.length - most, 'node');
}

function boundary(page: TextPage, { index, nodes, inputs, outputs }: Partition): void {
  page.gap();
  page.paragraph(`#${index}: nodes ${ranges(nodes)}`, '  ');
  for (const [side, tensors] of [
    ['in ', inputs],
    ['out', outputs],
  ] as const) {
    for (const tensor of tensors) {
      page.line(
        `    ${page.colours.dim(side)}  ${tensorTitle(tensor)}  ${page.colours.dim(tensor.bytes === null ? 'size unknown' : bytes(tensor.bytes))}`,
      );
    }
  }
}

function comparisonText(page: TextPage, comparison: LogComparison): void {
  page.section(
    `Against the log ${printable(comparison.log)}, session ${comparison.session} of ${comparison.sessions}`,
    comparisonTable(comparison),
  );
  page.gap();
  page.paragraph(comparison.statement, '  ');
  const differing = differingNodesTable(comparison);
  if (differing.rows.length > 0) page.section('Nodes that differ', differing);
}

/** What the impact looks like: the more, the warmer. */
function impactColour(impact: Impact, colours: Colours): (text: string) => string {
  return impact === 'HIGH' ? colours.red : impact === 'MEDIUM' ? colours.yellow : colours.green;
}

/** The provider's name as a heading for logs and traces, which name providers in full. */
export function shortProvider(name: string): string {
  return printable(name.replace(/ExecutionProvider$/, ''));
}

/** A text that grows line by line: headings, paragraphs wrapped at the width, aligned tables. */
export class TextPage {
  readonly colours: Colours;
  readonly #width: number;
  readonly #lines: string[] = [];

  constructor({ colour = false, width = 100 }: TerminalOptions) {
    this.colours = pc.createColors(colour);
    this.#width = Math.max(40, width);
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** Lines so far. */
  get length(): number {
    return this.#lines.length;
  }

  /** An empty line, never two. */
  gap(): void {
    if (this.#lines.at(-1) !== '') this.#lines.push('');
  }

  heading(title: string): void {
    this.gap();
    this.line(this.colours.bold(this.colours.cyan(title)));
  }

  /** Text wrapped at the width, each line after `indent`, the first with `bullet`. */
  paragraph(text: string, indent = '', bullet = ''): void {
    const lines = wrap(printable(text).replace(/\s+/g, ' '), this.#width - indent.length - bullet.length);
    lines.forEach((each, place) => this.line(`${indent}${place === 0 ? bullet : ' '.repeat(bullet.length)}${each}`));
  }

  /** A heading with its table; nothing at all for a table without rows. */
  section(title: string, table: Table, note = ''): void {
    if (table.rows.length === 0) return;
    this.heading(title);
    this.table(table);
    if (note === '') return;
    this.gap();
    this.paragraph(note, '  ');
  }

  /** Aligned columns; a last column of text is wrapped under itself. */
  table({ columns, rows }: Table): void {
    const widths = columns.map(({ title }, column) =>
      Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
    );
    const last = columns.length - 1;
    const before = widths.slice(0, last).reduce((total, width) => total + width + 2, 2);
    const room = Math.max(24, this.#width - before);
    const pad = (text: string, column: number): string =>
      columns[column]?.isNumber === true
        ? text.padStart(widths[column] ?? 0)
        : column === last
          ? text
          : text.padEnd(widths[column] ?? 0);
    this.line(this.colours.dim(`  ${columns.map(({ title }, column) => pad(title, column)).join('  ')}`.trimEnd()));
    for (const row of rows) {
      const wrapped = columns[last]?.isNumber === true ? [row[last] ?? ''] : wrap(row[last] ?? '', room);
      const start = row.slice(0, last).map(pad);
      this.line(`  ${[...start, pad(wrapped[0] ?? '', last)].join('  ')}`.trimEnd());
      for (const more of wrapped.slice(1)) this.line(`${' '.repeat(before)}${more}`);
    }
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
