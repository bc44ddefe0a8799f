import type { CoverageResult } from '../coverage/result.js';
import type { LogComparison } from '../logs/compare.js';
import { bytes, printable, ranges } from './format.js';
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
  providerTitle,
  targetLine,
  tensorTitle,
  variantsNote,
} from './wording.js';

/**
 * The analysis as GitHub-flavoured Markdown.
 *
 * @example
 * const markdown = coverageMarkdown(await analyseCoverage('model.onnx'));
 * markdown.includes('| operator |') || markdown.includes('#'); // true
 */
export function coverageMarkdown(result: CoverageResult, comparison: LogComparison | null = null): string {
  const blocks = [
    `# ${escape(printable(result.model))} on ${providerTitle(result.target)}`,
    escape(targetLine(result)),
    fenced(figures(result).map(([label, value]) => `${`${label}:`.padEnd(28)} ${value}`)),
    `**Impact: ${result.impact}.** ${escape(printable(result.advice))}`,
    ...section('Formats and shapes', variantsTable(result), variantsNote(result.target)),
    ...section('Share of the work', workTable(result), freeDimensionsNote(result.partitions)),
    ...section('Left to the CPU: what each cause alone costs', causesTable(result)),
    ...(result.cpu === 0 ? [] : [details('Every node left behind', table(fallbackNodes(result)))]),
    ...section('Partitions, in the order of the provider', partitionsTable(result)),
    ...(result.partitions.length === 0 ? [] : [details('What crosses each boundary', table(boundaries(result)))]),
    ...section('Inside If, Loop and Scan', subgraphsTable(result)),
    ...(comparison === null ? [] : comparisonBlocks(comparison)),
    '## What this says and what it does not',
    [meaning(result.target), result.rules.statement, ...result.notes]
      .map((note) => `- ${escape(printable(note))}`)
      .join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function comparisonBlocks(comparison: LogComparison): string[] {
  const title = `Against the log ${comparison.log}, session ${comparison.session} of ${comparison.sessions}`;
  return [
    ...section(title, comparisonTable(comparison), comparison.statement),
    ...section('Nodes that differ', differingNodesTable(comparison)),
  ];
}

function fallbackNodes({ perNode }: CoverageResult): Table {
  const left = perNode.filter(({ supported }) => !supported);
  return {
    columns: [
      { title: '#', isNumber: true },
      { title: 'Operator', isNumber: false },
      { title: 'Name', isNumber: false },
      { title: 'Why', isNumber: false },
    ],
    rows: left.map((node) => [
      String(node.index),
      operatorTitle(node),
      nodeTitle(node),
      printable(node.reason?.text ?? ''),
    ]),
  };
}

function boundaries({ partitions }: CoverageResult): Table {
  return {
    columns: [
      { title: 'Partition', isNumber: true },
      { title: 'Nodes', isNumber: false },
      { title: 'Direction', isNumber: false },
      { title: 'Value', isNumber: false },
      { title: 'Bytes', isNumber: true },
    ],
    rows: partitions.flatMap(({ index, nodes, inputs, outputs }) =>
      [...inputs.map((tensor) => ['in', tensor] as const), ...outputs.map((tensor) => ['out', tensor] as const)].map(
        ([side, tensor], place) => [
          place === 0 ? String(index) : '',
          place === 0 ? ranges(nodes) : '',
          side,
          tensorTitle(tensor),
          tensor.bytes === null ? 'unknown' : bytes(tensor.bytes),
        ],
      ),
    ),
  };
}

function section(title: string, content: Table, note = ''): string[] {
  if (content.rows.length === 0) return [];
  return [`## ${escape(printable(title))}`, ...(note === '' ? [] : [escape(note)]), table(content)];
}

/** A table; numbers to the right. */
export function table({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => escape(title) || ' ')),
    line(columns.map(({ isNumber }) => (isNumber ? '---:' : ':---'))),
    ...rows.map((row) => line(row.map((cell) => escape(cell) || ' '))),
  ].join('\n');
}

function details(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`;
}

function fenced(lines: readonly string[]): string {
  return ['```', ...lines, '```'].join('\n');
}

/** Everything that Markdown or HTML within it could take for markup. */
function escape(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/[\\`*_[\]|~#!]/g, '\\$&')
    .replace(/\s+/g, ' ');
}
